#!/usr/bin/env bash
# Makes the Debian package: `deploy/package.sh`, and prints its path. Needs cargo-deb (cargo install --locked cargo-deb).
#
# PROFILE=dev takes a debug build; GUIDED=0 builds once, where else the program is built twice (see below); VERSION=0.2.0-1 gives
# the package that version; FAST=1 compresses it less. DEBEMAIL and DEBFULLNAME, as Debian's own tools take them, say who gives it
# away, instead of the example in Cargo.toml. Manual pages and completions are made by the program itself.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${PROFILE:-release}
folder=${profile/#dev/debug} # where cargo puts what it builds by that profile
target=${CARGO_TARGET_DIR:-target}
binary=$target/$folder/flowtly-sync
made=target/package

# What is given away carries the list of what it was built of, where cargo-auditable is here.
build=rustc
if [ "$profile" = release ]; then
    if cargo auditable --version >/dev/null 2>&1; then
        build="auditable rustc"
    else
        echo "without the list of what it is built of: cargo install --locked cargo-auditable" >&2
    fi
fi

# Built first to note what runs, and then for it: a pass takes a quarter less time, and an idle daemon holds 1 MB less, since what
# runs lies together and the rest is not read from the disk. Takes LLVM's tools as they come with this compiler.
profdata=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/llvm-profdata
guided=()
if [ "$profile" = release ] && [ "${GUIDED:-1}" != 0 ]; then
    if [ -x "$profdata" ]; then
        notes=$(realpath -m "$target/guided")
        rm -rf "$notes"
        mkdir -p "$notes"
        # What builds and expands notes what it does, too: that is thrown away. A target of its own (--target) would spare that, but
        # functions would then have other names than in the second build.
        LLVM_PROFILE_FILE=/dev/null RUSTFLAGS="${RUSTFLAGS-} -Cprofile-generate=$notes" \
            cargo build --release --locked --bin flowtly-sync --target-dir "$target/guide" >&2
        deploy/profile.sh "$target/guide/release/flowtly-sync" "$notes" >&2
        "$profdata" merge -o "$notes/flowtly-sync.profdata" "$notes"/*.profraw
        rm "$notes"/*.profraw
        export RUSTFLAGS="${RUSTFLAGS-} -Cprofile-use=$notes/flowtly-sync.profdata"
        # The parts of a function that never ran are apart, too, and both linkers keep together what was put together.
        guided=(-Cllvm-args=-enable-split-machine-functions -Cllvm-args=-mfs-psi-cutoff=0
            -Clink-arg=-Wl,-z,keep-text-section-prefix)
    else
        echo "not guided by what runs: rustup component add llvm-tools" >&2
    fi
fi
# shellcheck disable=SC2086 # one word or two
cargo $build --profile "$profile" --locked --bin flowtly-sync -- "${guided[@]}" >&2
if [ "${#guided[@]}" -gt 0 ]; then
    # A profile of other functions is passed over in silence.
    apart=$(LC_ALL=C size -A "$binary" | awk '$1 == ".text.unlikely" { print $2 }')
    [ "${apart:-0}" -gt 1000000 ] || { echo "what was noted was not used: the names of functions differ" >&2 && exit 1; }
fi
version=${VERSION:-$("$binary" --version | cut -d ' ' -f 2)-1}

rm -rf "$made"
mkdir -p "$made"
"$binary" man "$made/man" >&2
for shell in bash fish zsh; do
    "$binary" completions "$shell" >"$made/$shell"
done
deploy/notices.sh | gzip -9n >"$made/THIRD-PARTY.gz"

# A package has a changelog in Debian's form. What changed stands in the commits.
maintainer=$(sed -n '/^\[package.metadata.deb\]/,/^\[/s/^maintainer = "\(.*\)"$/\1/p' Cargo.toml)
case ${DEBEMAIL-} in
    '') ;;
    *'<'*) maintainer=$DEBEMAIL ;;
    *) maintainer="${DEBFULLNAME:-${DEBEMAIL%%@*}} <$DEBEMAIL>" ;;
esac
when=$(date --utc -R -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}")
cat >"$made/changelog" <<END
flowtly-sync ($version) unstable; urgency=medium

  * This release.

 -- $maintainer  $when
END

cargo deb --no-build --strip --quiet ${FAST:+--fast} --profile "$profile" --deb-version "$version" --output "$made/" >&2
package=$(ls "$made"/*.deb)
if [ -n "${DEBEMAIL-}" ]; then
    # cargo-deb knows Cargo.toml's alone.
    dpkg-deb --raw-extract "$package" "$made/raw"
    maintainer=$maintainer awk '/^Maintainer: / { $0 = "Maintainer: " ENVIRON["maintainer"] } { print }' \
        "$made/raw/DEBIAN/control" >"$made/control"
    cp "$made/control" "$made/raw/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$made/raw" "$package" >&2
    rm -rf "$made/raw"
fi
echo "$package"
