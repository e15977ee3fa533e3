#!/usr/bin/env bash
# The action's second step: one login, repeated only where a second try can make nothing worse.
#
# All that it writes is in the job's temporary folder, which the runner empties.
set -euo pipefail
kubeconfig=$RUNNER_TEMP/doorward/kubeconfig
export KUBECONFIG=$kubeconfig
export DOORWARD_PROFILE_DIR=$RUNNER_TEMP/doorward/profiles DOORWARD_CACHE_DIR=$RUNNER_TEMP/doorward/tokens

options=()
while IFS= read -r option; do
    [ -z "$option" ] || options+=("$option")
done <<<"${OPTIONS:-}"
unset OPTIONS

for wait in ${DOORWARD_ACTION_WAITS:-10 30 0}; do
    code=0
    doorward login --kubeconfig "$kubeconfig" "${options[@]}" || code=$?
    case $code/$wait in
        0/*) break ;;
        20/0 | 21/0) exit "$code" ;;   # tried often enough
        20/* | 21/*) sleep "$wait" ;;  # the server or the network failed
        *) exit "$code" ;;             # a second try makes it worse
    esac
done
{
    echo "KUBECONFIG=$KUBECONFIG"
    echo "DOORWARD_PROFILE_DIR=$DOORWARD_PROFILE_DIR"
    echo "DOORWARD_CACHE_DIR=$DOORWARD_CACHE_DIR"
} >>"$GITHUB_ENV"
echo "kubeconfig=$kubeconfig" >>"$GITHUB_OUTPUT"
