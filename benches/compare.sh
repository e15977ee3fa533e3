#!/usr/bin/env bash
# One whole login as a process: doorward against a Python script with requests, at the same servers.
#
# Usage: benches/compare.sh [RUNS]
#
# Prints medians of CPU time (user and system), wall time and peak memory, the requests that each made, and the size of
# the release binary. The servers are a third process, which is not counted. Python's packages come from PyPI into
# target/compare; without them those lines are left out.
set -euo pipefail

runs=${1:-21}
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
venv=$target/compare/venv
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

. benches/servers.sh
cargo build --quiet --release -p doorward-cli
cargo build --quiet --release --example doubles
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
python=$(realpath -s "$venv/bin/python")
for package in requests kubernetes; do
    "$python" -c "import $package" 2>/dev/null || "$python" -m pip install --quiet "$package" || true
done

start_servers
# The same product for all: the portal's own entry, with no profile and no kept token beside it.
export DOORWARD_KUBECONFIG=$scratch/kubeconfig DOORWARD_CA_ONLY=true DOORWARD_IDP=okta DOORWARD_USER_AUTH=auth-provider

# Memory is asked for in a run of its own: a child of Python starts with Python's.
measure() {
    local name=$1
    shift
    rm -f "$DOORWARD_KUBECONFIG"
    "$python" benches/measure.py "$scratch/$name.times" "$@" >"$scratch/output" 2>&1 || failed "$name"
    rm -f "$DOORWARD_KUBECONFIG"
    /usr/bin/time -a -o "$scratch/$name.memory" -f %M "$@" >"$scratch/output" 2>&1 || failed "$name"
}

logins=(doorward)
doorward=("$target/release/doorward" login)
if "$python" -c 'import requests' 2>/dev/null; then
    logins+=(requests)
    requests_login=("$python" benches/requests_login.py)
fi
if "$python" -c 'import requests, kubernetes' 2>/dev/null; then
    logins+=(kubernetes)
    kubernetes_login=("$python" benches/requests_login.py --kubernetes)
fi

run() {
    case $1 in
        doorward) measure "$1" "${doorward[@]}" ;;
        requests) measure "$1" "${requests_login[@]}" ;;
        kubernetes) measure "$1" "${kubernetes_login[@]}" ;;
    esac
}

# The first run of each fills the caches of the file system, and shows the requests.
declare -A made
count_requests
for login in "${logins[@]}"; do
    run "$login"
    count_requests
    made[$login]=$((requests / 2))
    rm "$scratch/$login".*
done
# In turns, so that a busy moment of the machine hits all of them.
for ((i = 0; i < runs; i++)); do
    for login in "${logins[@]}"; do
        run "$login"
    done
done
stop_servers

printf '%-34s %9s %9s %11s %9s %7s\n' "medians of $runs runs" 'CPU ms' 'wall ms' 'memory MiB' requests 'CPU 1/x'
for login in "${logins[@]}"; do
    cpu=$(median 1 <"$scratch/$login.times")
    wall=$(median 2 <"$scratch/$login.times")
    memory=$(median 1 <"$scratch/$login.memory")
    case $login in
        doorward) name='doorward login' ours=$cpu ;;
        requests) name='Python with requests' ;;
        kubernetes) name='Python with requests, kubernetes' ;;
    esac
    awk -v name="$name" -v cpu="$cpu" -v wall="$wall" -v memory="$memory" -v requests="${made[$login]}" -v ours="$ours" \
        'BEGIN { printf "%-34s %9.1f %9.0f %11.1f %9d %7.0f\n", name, cpu, wall, memory / 1024, requests, cpu / ours }'
done
size=$(stat -c %s "$target/release/doorward" 2>/dev/null || stat -f %z "$target/release/doorward")
awk -v size="$size" 'BEGIN { printf "the release binary has %.1f MiB\n", size / 1048576 }'
