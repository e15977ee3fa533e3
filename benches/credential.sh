#!/usr/bin/env bash
# What a client waits for at each request: `doorward credential` as a process, with a kept token, with a refresh, and with a
# token that a key of its own signs (ES256).
#
# Usage: benches/credential.sh [--vs COMMAND]… [RUNS]
#
# Prints medians of CPU time (user and system), wall time and peak memory, and the requests of one call. Each --vs is
# another plug-in's whole command, run by a shell beside ours, in turns, with ISSUER, CLIENT_ID and DOORWARD_CA_FILE set.
# The servers are a process of their own, which is not counted; `true` shows what starting any process costs here.
set -euo pipefail

others=()
while [ "${1:-}" = --vs ]; do
    others+=("$2")
    shift 2
done
runs=${1:-51}
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

. benches/servers.sh
cargo build --quiet --release -p doorward-cli
cargo build --quiet --release --example doubles

start_servers --token-life 3600 --session-life 7200
export CLIENT_ID=kubernetes

folders=("--profile-dir=$scratch/profiles" "--cache-dir=$scratch/tokens")
"$target/release/doorward" login --quiet --ca-only --kubeconfig "$scratch/kubeconfig" --profile bench "${folders[@]}" \
    >"$scratch/output" 2>&1 || failed 'the login'
plug_in=("$target/release/doorward" credential --profile=bench "${folders[@]}")
"$target/release/doorward" jwt keygen --quiet --out "$scratch/key.pem" >"$scratch/output" 2>&1 || failed 'the key'
"$target/release/doorward" login --quiet --jwt-key "$scratch/key.pem" --issuer https://ci.test --server https://k8s.test \
    --kubeconfig "$scratch/kubeconfig" --profile own "${folders[@]}" >"$scratch/output" 2>&1 || failed 'the login with a key'
minting=("$target/release/doorward" credential --profile=own "${folders[@]}")
export KUBERNETES_EXEC_INFO='{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}'
count_requests

# A kept token that has ended long ago: the next call must refresh it.
age() {
    sed -i 's/"expires":[0-9]*/"expires":1/' "$scratch"/tokens/*.json
}

calls=(true kept mint refresh)
for at in "${!others[@]}"; do
    calls+=("other-$at")
done

# Memory is asked for in a run of its own: a child of Python starts with Python's.
run() {
    local command
    case $1 in
        true) command=(true) ;;
        kept | refresh) command=("${plug_in[@]}") ;;
        mint) command=("${minting[@]}") ;;
        other-*) command=(sh -c "exec ${others[${1#other-}]}") ;;
    esac
    if [ "$1" = refresh ]; then age; fi
    python3 benches/measure.py "$scratch/$1.times" "${command[@]}" >"$scratch/output" 2>&1 || failed "$1"
    if [ "$1" = refresh ]; then age; fi
    /usr/bin/time -a -o "$scratch/$1.memory" -f %M "${command[@]}" >"$scratch/output" 2>&1 || failed "$1"
}

# The first run of each fills the caches of the file system, and shows the requests.
declare -A made
for call in "${calls[@]}"; do
    run "$call"
    count_requests
    made[$call]=$((requests / 2))
    rm "$scratch/$call".*
done
# In turns, so that a busy moment of the machine hits all of them.
for ((i = 0; i < runs; i++)); do
    for call in "${calls[@]}"; do
        run "$call"
    done
done
stop_servers

printf '%-34s %9s %9s %11s %9s\n' "medians of $runs runs" 'CPU ms' 'wall ms' 'memory MiB' requests
for call in "${calls[@]}"; do
    cpu=$(median 1 <"$scratch/$call.times")
    wall=$(median 2 <"$scratch/$call.times")
    memory=$(median 1 <"$scratch/$call.memory")
    case $call in
        true) name='true' ;;
        kept) name='doorward credential, token kept' ;;
        mint) name='doorward credential, own key' ;;
        refresh) name='doorward credential, refresh' ;;
        other-*) name=${others[${call#other-}]:0:34} ;;
    esac
    awk -v name="$name" -v cpu="$cpu" -v wall="$wall" -v memory="$memory" -v requests="${made[$call]}" \
        'BEGIN { printf "%-34s %9.2f %9.2f %11.1f %9d\n", name, cpu, wall, memory / 1024, requests }'
done
