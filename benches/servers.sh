# The servers of a benchmark as a process of their own, and the numbers of the processes that it runs; read by the scripts here.
#
# They set `target` and `scratch` first: the build folder, and a folder that is removed at the end.

for program in python3 /usr/bin/time; do
    command -v "$program" >/dev/null || { echo "the benchmarks need $program" >&2; exit 1; }
done

# Starts the servers with these arguments, and exports the settings of a login there.
start_servers() {
    coproc SERVERS { exec "$target/release/examples/doubles" "$@"; }
    servers=$SERVERS_PID
    questions=${SERVERS[1]} answers=${SERVERS[0]}
    set -a
    while read -r setting <&"$answers" && [ -n "$setting" ]; do
        eval "$setting"
    done
    set +a
}

# Sets `requests` to their number since the last call.
count_requests() {
    echo >&"$questions"
    read -r requests <&"$answers"
}

# Fails if a client did what a real server would not forgive.
stop_servers() {
    eval "exec $questions>&-"
    wait "$servers" || { echo "the servers have complaints" >&2; exit 1; }
}

failed() {
    echo "$1 failed:" >&2
    cat "$scratch/output" >&2
    exit 1
}

median() {
    sort -n -k "$1,$1" | awk -v column="$1" '{ all[NR] = $column } END { print all[int((NR + 1) / 2)] }'
}
