#!/usr/bin/env bash
# The Debian package on this machine, from its first day to its last: built, installed, configured, used, upgraded with the state
# that the older one made, removed, purged. `tests/package.sh`, as root, on a machine that has no flowtly-sync.
#
# Needs cargo-deb and dpkg; PROFILE=dev tries a debug build. Exits 77, in plain words, where it cannot be done. It touches nothing that a service of this machine
# uses: where one is set up it does not begin. No service is started; what the units promise is tests/it/units.rs' part.
set -euo pipefail
cd "$(dirname "$0")/.."

etc=/etc/flowtly-sync
lib=/var/lib/flowtly-sync

cannot() {
    echo "$1"
    exit 77
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

cargo deb --version >/dev/null 2>&1 || cannot "cargo-deb is not installed (cargo install --locked cargo-deb)"
command -v dpkg >/dev/null || cannot "dpkg is not here"
[ "$(id -u)" -eq 0 ] || cannot "a package is installed by root alone"
for taken in $etc $lib /var/lib/private/flowtly-sync /usr/bin/flowtly-sync; do
    [ ! -e "$taken" ] || cannot "$taken is here: a package is tried on a machine without one"
done
[ ! -d /run/systemd/system ] || cannot "systemd runs here, and would start what is tried"

work=$(mktemp -d)
sandbox=
end() {
    [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true
    dpkg --purge flowtly-sync >/dev/null 2>&1 || true
    rm -rf "$work" $lib
    userdel flowtly-sync >/dev/null 2>&1 || true
}
trap end EXIT

step() { printf '   %s\n' "$1"; }

# The environment that systemd would make.
as_service() {
    CONFIGURATION_DIRECTORY=$etc CREDENTIALS_DIRECTORY=$etc/secrets STATE_DIRECTORY=$lib /usr/bin/flowtly-sync "$@"
}

expect() { # expect CODE COMMAND…
    local wanted=$1 code=0
    shift
    "$@" >"$work/told" 2>&1 || code=$?
    if [ "$code" -ne "$wanted" ]; then
        cat "$work/told" >&2
        fail "'$*' ended with $code, and not with $wanted"
    fi
}

has() { grep -qF -- "$1" "$work/told" || { cat "$work/told" >&2; fail "nothing is said of '$1'"; }; }

package() { # package VERSION FILE
    VERSION=$1 FAST=1 PROFILE=${PROFILE:-release} deploy/package.sh >"$work/path" 2>"$work/log" || {
        cat "$work/log" >&2
        fail "there is no package"
    }
    cp "$(cat "$work/path")" "$2"
}

package 0.0.1-1 "$work/older.deb"
package 0.0.2-1 "$work/newer.deb"
step "built: $(du -k "$work/newer.deb" | cut -f 1) KiB, $(dpkg-deb --contents "$work/newer.deb" | wc -l) files and folders"

if command -v lintian >/dev/null; then
    # Findings that are as meant stand in deploy/debian/lintian-overrides, which the package carries, each with its why.
    expect 0 lintian --allow-root --fail-on error,warning "$work/newer.deb"
    step "lintian finds nothing"
else
    step "lintian is not here: not asked"
fi

expect 0 dpkg --install "$work/older.deb"
has "not started: there is no valid configuration yet"
[ "$(stat -c '%a %U:%G' $etc/config.toml)" = "640 root:flowtly-sync" ] || fail "the configuration is for root and the service"
[ "$(stat -c '%a %U:%G' $etc/secrets)" = "700 root:root" ] || fail "the secrets are for root"
[ ! -e $lib ] || fail "nothing was started, and there is a state"
[ -L /etc/systemd/system/multi-user.target.wants/flowtly-sync.service ] || fail "the service is enabled"
[ ! -e /etc/systemd/system/timers.target.wants/flowtly-sync-reconcile.timer ] || fail "the timer is a person's choice"
expect 0 flowtly-sync --version
expect 4 as_service check
has "no credential"
dpkg-deb --contents "$work/older.deb" >"$work/contents"
# A small system may be set to leave pages out: they are looked for in the package.
for file in man/man1/flowtly-sync.1.gz man/man1/flowtly-sync-conflicts-resolve.1.gz zsh/vendor-completions/_flowtly-sync \
    bash-completion/completions/flowtly-sync fish/vendor_completions.d/flowtly-sync.fish doc/flowtly-sync/LICENSE-MIT; do
    grep -q "/usr/share/$file\$" "$work/contents" || fail "$file is not in it"
done
step "installed: enabled, not started, and it says why"

mkfifo "$work/printed"
flowtly-sync sandbox --companies 8 >"$work/printed" 2>/dev/null &
sandbox=$!
while read -r line; do
    echo "$line" >>"$work/config.toml"
    case $line in token_file*) break ;; esac
done <"$work/printed"
cat "$work/config.toml" >$etc/config.toml
printf sandbox | install -m 0600 /dev/stdin $etc/secrets/flowtly-password
printf sandbox-token | install -m 0600 /dev/stdin $etc/secrets/hubspot-token
install -d -m 0700 $lib
chown flowtly-sync: $lib
expect 0 as_service check
expect 0 as_service reconcile --allow first-pass
expect 0 as_service diff
step "configured: check, first pass and an empty second one"

expect 0 dpkg --install "$work/newer.deb"
cmp -s "$work/config.toml" $etc/config.toml || fail "an upgrade leaves the configuration alone"
[ "$(stat -c '%a %U:%G' $etc/config.toml)" = "640 root:flowtly-sync" ] || fail "and whose it is"
expect 0 as_service reconcile --full
expect 0 as_service status --json
step "upgraded: the older one's state goes on, in agreement"

expect 0 dpkg --remove flowtly-sync
[ ! -e /usr/bin/flowtly-sync ] || fail "removed, and still here"
for kept in $etc/config.toml $etc/secrets/hubspot-token $lib/flowtly-sync.sqlite; do
    [ -f "$kept" ] || fail "removed is not purged: $kept"
done
expect 0 dpkg --install "$work/newer.deb"
expect 0 as_service reconcile
expect 0 dpkg --remove flowtly-sync
step "removed, installed again, in agreement"

expect 0 dpkg --purge flowtly-sync
has "The state of flowtly-sync is kept: $lib"
[ ! -e $etc ] || fail "purged, and there are: $(find $etc)"
[ -f $lib/flowtly-sync.sqlite ] || fail "the state is the firm's"
getent passwd flowtly-sync >/dev/null || fail "whose state it is stays known"
rm -rf $lib
expect 0 dpkg --install "$work/newer.deb"
expect 0 dpkg --purge flowtly-sync
! getent passwd flowtly-sync >/dev/null || fail "the user is left"
left=$(find /etc /usr /var -xdev -name '*flowtly-sync*' -not -path '*/flowtly-sync.deb*' 2>/dev/null | head -n 5)
[ -z "$left" ] || fail "left behind: $left"
step "purged: nothing is left, and the state only where there was one"
