#!/usr/bin/env bash
# acceptance.sh ADDRESS PREFIX: a service is ready, and where its contract has a self-check, it passes.
set -euo pipefail
address=$1 prefix=$2
headers=$(printf 'header = "X-API-Key: %s"\nheader = "X-Load-Test: true"' "${LOAD_TEST_KEY:?the Secret load-test has no api-key}")

ask() { curl --silent --show-error --fail-with-body --max-time 15 --config <(echo "$headers") "$@"; }

ask "$address/ready"
if ask "$address$prefix/openapi.json" | jq --exit-status --arg path "$prefix/v1/selfcheck" '.paths | has($path)' > /dev/null; then
  ask --request POST "$address$prefix/v1/selfcheck"
fi
