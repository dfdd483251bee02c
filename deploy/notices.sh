#!/usr/bin/env bash
# Prints what is to go with the program: of each library that it holds the licence, and the texts that the library brings for that.
# `deploy/notices.sh`. A text that several bring stands there once.
#
# Which libraries these are Cargo.lock says, for every Linux that is built for; the texts are those of the sources that cargo keeps.
set -euo pipefail
export LC_ALL=C # the same order everywhere
cd "$(dirname "$0")/.."

sources=${CARGO_HOME:-$HOME/.cargo}/registry/src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

targets=()
for machine in x86_64 aarch64; do
    targets+=(--target "$machine-unknown-linux-gnu" --target "$machine-unknown-linux-musl")
done
# Macros have done their work when the program is there.
cargo tree --locked -e normal,no-proc-macro --prefix none --format '{p}|{l}|' "${targets[@]}" >"$work/tree"
sed -n 's/^\([^ ]*\) v\([^ |]*\)|\(.*\)|.*/\1 \2 \3/p' "$work/tree" | sort -u >"$work/libraries"
[ -s "$work/libraries" ] || { echo "cargo tree names no libraries" >&2 && exit 1; }

declare -A numbers # of texts, by their words: some differ in nothing but white space
texts=0

# Gives the text of a file its number, in $number.
number_of() {
    local words
    words=$(tr -s '[:space:]' ' ' <"$1" | sha256sum)
    number=${numbers[$words]-}
    if [ -z "$number" ]; then
        texts=$((texts + 1))
        number=$texts
        numbers[$words]=$number
        printf '\n-------- %d --------\n\n' "$number" >>"$work/texts"
        sed 's/\r$//; $a\' "$1" >>"$work/texts"
    fi
}

cat <<'END'
flowtly-sync holds these libraries, each under the licence that stands behind it. The numbers are those of the texts below, as the
library brings them; who brings none is named with its authors.

END
while read -r name version licence; do
    folder=$(find "$sources" -mindepth 2 -maxdepth 2 -name "$name-$version" -print -quit)
    [ -n "$folder" ] || { echo "the sources of $name $version are not in $sources: cargo fetch --locked" >&2 && exit 1; }
    found=()
    while read -r file; do
        number_of "$file"
        [[ " ${found[*]-} " == *" $number "* ]] || found+=("$number")
    done < <(find "$folder" -type f \( -iname 'licen[sc]e*' -o -iname 'unlicense*' -o -iname 'copying*' -o -iname 'copyright*' \
        -o -iname 'notice*' -o -path '*/LICENSES/*' \) -not -name '*.rs' | sort)
    if [ "${#found[@]}" -eq 0 ]; then
        found=("$(sed -n 's/^authors = \[\(.*\)\]$/\1/p' "$folder/Cargo.toml")")
    fi
    printf '%s %s: %s [%s]\n' "$name" "$version" "$licence" "${found[*]}"
done <"$work/libraries"
cat "$work/texts"

# Rust's own library comes with the compiler, and so do its notices, as a page of HTML.
page=$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html
if [ -f "$page" ]; then
    printf '\n-------- the standard library of %s --------\n' "$(rustc --version)"
    sed 's/<[^>]*>//g; s/&#60;/</g; s/&#62;/>/g; s/&#34;/"/g; s/&#39;/'"'"'/g; s/[[:space:]]*$//' "$page" | cat -s
else
    echo "the notices of Rust's own library are not here: $page" >&2
fi
