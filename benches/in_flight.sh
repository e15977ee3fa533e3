#!/usr/bin/env bash
# Many logins in flight in one process, the servers in another: memory for each, and the time of all (Linux).
#
# Usage: benches/in_flight.sh [LOGINS [RUNS]]
#
# Every login is of another user, and all share one network client. The servers think about each password until all
# logins are in flight. It fails if a login does.
set -euo pipefail

logins=${1:-1000} runs=${2:-3}
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

. benches/servers.sh
# A login has a connection to the portal and one to the provider; both ends of them are on this machine, in two processes.
files=$((logins * 2 + 100))
[ "$(ulimit -n)" -ge "$files" ] || ulimit -S -n "$files" || { echo "$files files must be open at once: ulimit -n" >&2; exit 1; }
cargo build --quiet --release --example doubles
bench=$(cargo bench --quiet --no-run --bench in_flight --message-format json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')

for ((i = 0; i < runs; i++)); do
    start_servers --users "$logins" --thinking 10
    "$bench" "$logins" >"$scratch/output" 2>&1 || failed in_flight
    stop_servers
    cat "$scratch/output"
done
