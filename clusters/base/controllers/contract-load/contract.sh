#!/usr/bin/env bash
# contract.sh once ADDRESS SERVICE: send every request of SERVICE.tsv; fail and name those that 2xx did not answer, and
# answers that lack what the contract promises (a filter of jq in the third column says what).
# contract.sh again ADDRESS SERVICE SECONDS: the same in rounds, one a second at most, which is the load of a rollout.
set -euo pipefail
mode=$1 address=$2 service=$3 seconds=${4:-0}
requests=$(dirname "$0")/$service.tsv
headers=$(printf 'header = "X-API-Key: %s"\nheader = "X-Load-Test: true"' "${LOAD_TEST_KEY:?the Secret load-test has no api-key}")

round() {
  local failed=0 method path filter body answer status
  while IFS=$'\t' read -r method path filter body; do
    answer=$(curl --silent --max-time 2 --write-out '\n%{http_code}' --config <(echo "$headers") \
      --request "$method" ${body:+--header 'Content-Type: application/json' --data-raw "$body"} "$address$path") || true
    status=${answer##*$'\n'}
    if [[ $status != 2?? ]]; then
      echo "$method $path answered $status"
      failed=1
    # Shapes stay as they are under load; there only the status counts. By a pipe: the file that a long here-string needs cannot
    # be written in the load tester's pod.
    elif [[ $mode == once ]] && ! printf '%s' "${answer%$'\n'*}" | jq --exit-status "$filter" > /dev/null; then
      echo "$method $path answered what the contract does not promise"
      failed=1
    fi
  done < "$requests"
  return "$failed"
}

case $mode in
  once) round ;;
  again)
    failed=0
    while ((SECONDS < seconds)); do
      round || failed=1
      sleep 1
    done
    exit "$failed"
    ;;
  *) echo "unknown mode $mode" >&2; exit 2 ;;
esac
