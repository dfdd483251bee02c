#!/usr/bin/env bash
# What daemons do, for a build that is guided by it: `deploy/profile.sh PROGRAM FOLDER` runs a program that was built with
# `-Cprofile-generate` and leaves its profiles in FOLDER.
#
# With each CRM: a first pass between embedded servers, a plan that is shown, a daemon that makes passes over what agrees, and
# daemons that start, find nothing to do, and stop. Takes a minute; everything else that it makes is gone with it.
set -euo pipefail

# What is set where it is built (a configuration, secrets, a proxy) is none of its business.
if [ "${APART-}" != 1 ]; then exec env -i APART=1 PATH="$PATH" HOME="${HOME-/}" TMPDIR="${TMPDIR-/tmp}" bash "$0" "$@"; fi

program=$(realpath "$1")
folder=$(realpath "$2")
work=$(mktemp -d)
sandbox=
daemon=
end() {
    local code=$?
    if [ "$code" -ne 0 ]; then tail -n 3 "$work"/*/*.log >&2 || true; fi
    for process in $daemon $sandbox; do kill "$process" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap end EXIT

# until_so WHAT COMMAND…: waits until the command says that it is so.
until_so() {
    local what=$1 left=300
    shift
    until "$@"; do
        left=$((left - 1))
        if [ "$left" -eq 0 ]; then
            echo "$what: not within a minute" >&2
            exit 1
        fi
        sleep 0.2
    done
}

# daemon LINES COMMAND…: a daemon with more lines of configuration, until the command says that it did enough.
daemon() {
    local lines=$1
    shift
    { cat base.toml && echo "$lines"; } >daemon.toml
    : >daemon.log
    "$program" --config daemon.toml run 2>daemon.log &
    daemon=$!
    until_so "a daemon" "$@"
    kill "$daemon"
    wait "$daemon"
    daemon=
}

# Both sections are there, and nothing came after them since the last look.
served() {
    local before=${size-}
    size=$(wc -c <servers)
    [ "$size" = "$before" ] && [ "$(grep -c '_file = ' servers)" -eq 2 ]
}
has_walked() { [ "$(grep -c '"scan.met"' daemon.log)" -ge 12 ]; }
rests() { grep -q 'quiet hours' daemon.log; }

export LLVM_PROFILE_FILE=$folder/%p.profraw
for crm in hubspot espocrm odoo pipedrive; do
    mkdir "$work/$crm"
    cd "$work/$crm"
    # The servers are this program, too; they are not what it is built for.
    LLVM_PROFILE_FILE=/dev/null "$program" sandbox --crm "$crm" --companies 300 --seed messy --flowtly-port 0 --crm-port 0 >servers &
    sandbox=$!
    size=
    until_so "the servers" served
    umask 077
    # The file and its secret stand in the remarks: `password_file = "…"   # holds: …`, `[crm]   # … holds: …`.
    sed -n 's/.*password_file = "\([^"]*\)" *# holds: /\1 /p; s/^\[.*\] *# \(.*\) holds: /\1 /p' servers |
        while read -r file secret; do printf '%s' "$secret" >"$file"; done
    { printf '[state]\npath = "%s/state.sqlite"\n' "$PWD" && sed 's/   # .*//; /^#/d' servers; } >base.toml

    # It ends with 2 where something waits for a person, and something does.
    "$program" --config base.toml reconcile --allow first-pass --quiet >/dev/null 2>reconcile.log || [ $? -eq 2 ]
    "$program" --config base.toml diff >/dev/null 2>diff.log || [ $? -eq 2 ]
    # Nobody takes its traces; they are made.
    daemon '[schedule]
interval = "1s"
slow_interval = "3s"
[web]
enabled = true
bind = "127.0.0.1:0"
[traces]
endpoint = "http://127.0.0.1:9/v1/traces"' has_walked
    for lines in '' '[web]
enabled = true
bind = "127.0.0.1:0"'; do
        daemon "$lines
[schedule]
quiet = [\"00:00-23:59\"]" rests
    done
    kill "$sandbox"
    wait "$sandbox" || true
    sandbox=
done
