#!/usr/bin/env bash
# The Debian package, from its first day to its last: built, installed, configured, used, upgraded with the state that the older one
# made, removed, purged. `tests/package.sh`, as root, on a machine that has no flowtly-sync.
#
# Needs cargo-deb and dpkg; PROFILE=dev tries a debug build. Exits 77, in plain words, where it cannot be done. It happens in a root of
# its own, laid over this machine's, in a mount namespace of its own: what is written there is gone with it. No service is started,
# and no systemd runs; where the scripts ask one, a few lines stand in for it that note what they are asked for. What the units
# promise is tests/it/units.rs' part.
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
if [ "${1-}" != --apart ]; then
    unshare --mount true 2>/dev/null || cannot "no mount namespace can be made here"
    exec unshare --mount --propagation private "$0" --apart
fi

work=$(mktemp -d)
layers=$work/layers
root=$work/root
mkdir "$layers" "$root"
sandbox=
end() {
    if [ -n "$sandbox" ]; then
        kill "$sandbox" 2>/dev/null || true
        # Until it is gone it keeps its root busy.
        wait "$sandbox" 2>/dev/null || true
    fi
    # Nothing is removed below a root that is still there.
    if mountpoint -q "$root"; then umount --recursive "$root" || return; fi
    if mountpoint -q "$layers"; then umount "$layers" || return; fi
    rm -rf --one-file-system "$work"
}
trap end EXIT

mount -t tmpfs -o mode=0755 tmpfs "$layers"
mkdir "$layers/upper" "$layers/work"
mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" overlay "$root" 2>/dev/null ||
    cannot "no file system can be laid over this machine's"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
rm -f "$root/usr/sbin/policy-rc.d" # images of containers bring one that forbids every start

inside() { chroot "$root" "$@"; }

# dpkg works in that root alone, and its scripts do, too.
package_manager() { dpkg --root="$root" "$@"; }

step() { printf '   %s\n' "$1"; }

# The environment that systemd would make.
as_service() {
    inside env CONFIGURATION_DIRECTORY=$etc CREDENTIALS_DIRECTORY=$etc/secrets STATE_DIRECTORY=$lib /usr/bin/flowtly-sync "$@"
}

# A unit is enabled as systemctl enables it.
enable() { # enable TARGET UNIT FILE
    mkdir -p "$root/etc/systemd/system/$1.wants"
    ln -s "/usr/lib/systemd/system/${3:-$2}" "$root/etc/systemd/system/$1.wants/$2"
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
DEBFULLNAME='Anna Nowak & Co' DEBEMAIL=packages@example.org package 0.0.2-1 "$work/newer.deb"
[ "$(dpkg-deb --field "$work/newer.deb" Maintainer)" = 'Anna Nowak & Co <packages@example.org>' ] || fail "whose package it is"
step "built: $(du -k "$work/newer.deb" | cut -f 1) KiB, $(dpkg-deb --contents "$work/newer.deb" | wc -l) files and folders"

if command -v lintian >/dev/null; then
    # Findings that are as meant stand in deploy/debian/lintian-overrides, which the package carries, each with its why.
    expect 0 lintian --allow-root --fail-on error,warning "$work/newer.deb"
    step "lintian finds nothing"
else
    step "lintian is not here: not asked"
fi

expect 0 package_manager --install "$work/older.deb"
has "not started: there is no valid configuration yet"
[ "$(inside stat -c '%a %U:%G' $etc/config.toml)" = "640 root:flowtly-sync" ] || fail "the configuration is for root and the service"
[ "$(inside stat -c '%a %U:%G' $etc/secrets)" = "700 root:root" ] || fail "the secrets are for root"
[ ! -e "$root$lib" ] || fail "nothing was started, and there is a state"
[ -L "$root/etc/systemd/system/multi-user.target.wants/flowtly-sync.service" ] || fail "the service is enabled"
[ ! -e "$root/etc/systemd/system/timers.target.wants/flowtly-sync-reconcile.timer" ] || fail "the timer is a person's choice"
expect 0 inside flowtly-sync --version
expect 4 as_service check
has "no credential"
dpkg-deb --contents "$work/older.deb" >"$work/contents"
# A small system may be set to leave pages out: they are looked for in the package.
for file in man/man1/flowtly-sync.1.gz man/man1/flowtly-sync-conflicts-resolve.1.gz zsh/vendor-completions/_flowtly-sync \
    bash-completion/completions/flowtly-sync fish/vendor_completions.d/flowtly-sync.fish doc/flowtly-sync/LICENSE-MIT \
    doc/flowtly-sync/THIRD-PARTY.gz; do
    grep -q "/usr/share/$file\$" "$work/contents" || fail "$file is not in it"
done
dpkg-deb --fsys-tarfile "$work/older.deb" | tar -xO ./usr/share/doc/flowtly-sync/THIRD-PARTY.gz | gunzip >"$work/told"
has "tokio 1." # and the rest
has "Copyright (c) Tokio Contributors"
step "installed: enabled, not started, and it says why"

mkfifo "$work/printed"
chroot "$root" flowtly-sync sandbox --companies 8 >"$work/printed" 2>/dev/null &
sandbox=$!
while read -r line; do
    echo "$line" >>"$work/config.toml"
    case $line in token_file*) break ;; esac
done <"$work/printed"
cat "$work/config.toml" >"$root$etc/config.toml"
printf sandbox | install -m 0600 /dev/stdin "$root$etc/secrets/flowtly-password"
printf sandbox-token | install -m 0600 /dev/stdin "$root$etc/secrets/hubspot-token"
inside install -d -m 0700 -o flowtly-sync -g flowtly-sync $lib
expect 0 as_service check
expect 0 as_service reconcile --allow first-pass
expect 0 as_service diff
step "configured: check, first pass and an empty second one"

expect 0 package_manager --install "$work/newer.deb"
cmp -s "$work/config.toml" "$root$etc/config.toml" || fail "an upgrade leaves the configuration alone"
[ "$(inside stat -c '%a %U:%G' $etc/config.toml)" = "640 root:flowtly-sync" ] || fail "and whose it is"
expect 0 as_service reconcile --full
expect 0 as_service status --json
step "upgraded: the older one's state goes on, in agreement"

# A release with another template of the configuration has dpkg ask; where nobody answers, as README.md says.
dpkg-deb --raw-extract "$work/newer.deb" "$work/raw"
echo '# Another one.' >>"$work/raw$etc/config.toml"
dpkg-deb --build "$work/raw" "$work/asks.deb" >/dev/null
expect 1 package_manager --install "$work/asks.deb" </dev/null
has "==> Modified (by you or by a script) since installation."
for file in asks newer; do
    expect 0 package_manager --force-confold --install "$work/$file.deb"
    cmp -s "$work/config.toml" "$root$etc/config.toml" || fail "an answer that was given before keeps the configuration"
done
step "upgraded to another template: dpkg asks, and keeps what is here where it is told to"

expect 0 package_manager --remove flowtly-sync
[ ! -e "$root/usr/bin/flowtly-sync" ] || fail "removed, and still here"
for kept in $etc/config.toml $etc/secrets/hubspot-token $lib/flowtly-sync.sqlite; do
    [ -f "$root$kept" ] || fail "removed is not purged: $kept"
done
expect 0 package_manager --install "$work/newer.deb"
expect 0 as_service reconcile
expect 0 package_manager --remove flowtly-sync
step "removed, installed again, in agreement"

# From here on the scripts find a systemd: lines that answer for it, note what is started, and know no more of units than that.
mkdir -p "$root/run/systemd/system"
rm -f "$root/usr/bin/systemctl"
install -m 0755 /dev/stdin "$root/usr/bin/systemctl" <<'END'
#!/bin/sh
verb='' units=''
for word; do
    case $word in
        -*) ;;
        *) if [ -z "$verb" ]; then verb=$word; else units="$units $word"; fi ;;
    esac
done
set -f # patterns of units are none of files
touch /run/active
case $verb in
    list-units) grep '\.service$' /run/active | sed 's/$/ loaded active/' ;;
    daemon-reload) ;;
    stop) : >/run/active ;;
    *)
        for unit in $units; do
            case $verb in
                is-enabled) [ -n "$(find /etc/systemd/system -path "*.wants/$unit")" ] || exit 1 && echo enabled ;;
                is-active) grep -qxF "$unit" /run/active || exit 3 ;;
                start | restart)
                    echo "$verb $unit" >>/run/asked
                    grep -qxF "$unit" /run/active || echo "$unit" >>/run/active
                    ;;
            esac
        done
        ;;
esac
END
asked() { # asked LINES: what was started and restarted since it was last looked
    local asked
    asked=$(cat "$root/run/asked" 2>/dev/null || true)
    rm -f "$root/run/asked"
    [ "$asked" = "$1" ] || fail "asked of systemd: '$asked', and not '$1'"
}

pair_of_the_template() { # pair_of_the_template NAME: with the configuration of the service, as far as nothing is started
    inside install -d "$etc/$1"
    inside cp -a $etc/config.toml $etc/secrets "$etc/$1/"
    enable multi-user.target "flowtly-sync@$1.service" flowtly-sync@.service
}
pair_of_the_template acme
pair_of_the_template globex
enable multi-user.target flowtly-sync@initech.service flowtly-sync@.service # and is not configured
enable sockets.target flowtly-sync.socket
enable sockets.target flowtly-sync@acme.socket flowtly-sync@.socket
enable timers.target flowtly-sync-reconcile.timer

# A secret that is encrypted for systemd is no file that a script can read.
rm "$root$etc/globex/secrets/hubspot-token"
expect 0 package_manager --install "$work/newer.deb"
asked "start flowtly-sync.socket
start flowtly-sync@acme.socket
start flowtly-sync-reconcile.timer
start flowtly-sync.service
start flowtly-sync@acme.service
start flowtly-sync@globex.service"
has "flowtly-sync@initech is enabled, and not started"
expect 0 package_manager --install "$work/newer.deb"
asked "restart flowtly-sync.service
restart flowtly-sync@acme.service
restart flowtly-sync@globex.service"
# An upgrade nobody watches must not end what runs well.
mv "$root$etc/acme/config.toml" "$work/acme.toml"
{ echo 'unheard_of = 1'; cat "$work/acme.toml"; } >"$root$etc/acme/config.toml"
expect 0 package_manager --install "$work/newer.deb"
asked "restart flowtly-sync.service
restart flowtly-sync@globex.service"
has "flowtly-sync@acme.service runs on with the program of the release before, and WAS NOT RESTARTED"
has "unheard_of"
has "systemctl restart flowtly-sync@acme"
cp "$work/acme.toml" "$root$etc/acme/config.toml"
step "with systemd: what the new release's check refuses is not restarted, and that is said"
expect 0 package_manager --remove flowtly-sync
[ ! -s "$root/run/active" ] || fail "removed, and there runs: $(cat "$root/run/active")"
rm "$root/etc/systemd/system/multi-user.target.wants/flowtly-sync@globex.service"
rm "$root/etc/systemd/system/timers.target.wants/flowtly-sync-reconcile.timer"
expect 0 package_manager --install "$work/newer.deb"
asked "start flowtly-sync.socket
start flowtly-sync@acme.socket
start flowtly-sync.service
start flowtly-sync@acme.service"
enable timers.target flowtly-sync-reconcile.timer
expect 0 package_manager --remove flowtly-sync
step "with systemd: what ran is restarted, what is enabled and valid is started after a removal, nothing else"

expect 0 package_manager --purge flowtly-sync
has "The state of flowtly-sync is kept: $lib"
[ ! -e "$root$etc" ] || fail "purged, and there are: $(find "$root$etc")"
[ -f "$root$lib/flowtly-sync.sqlite" ] || fail "the state is the firm's"
inside getent passwd flowtly-sync >/dev/null || fail "whose state it is stays known"
rm -rf "${root:?}$lib"
# As DynamicUser= leaves it where there never was a pass.
inside install -d -m 0700 /var/lib/private /var/lib/private/flowtly-sync
ln -s private/flowtly-sync "$root$lib"
expect 0 package_manager --install "$work/newer.deb"
expect 0 package_manager --purge flowtly-sync
! inside getent passwd flowtly-sync >/dev/null || fail "the user is left"
left=$(cd "$root" && find etc usr var -xdev -name '*flowtly-sync*' -not -path '*/flowtly-sync.deb*' 2>/dev/null | head -n 5)
[ -z "$left" ] || fail "left behind: $left"
step "purged: nothing is left, enabled units neither, and the state only where there was one"
