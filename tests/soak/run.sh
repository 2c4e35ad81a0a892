#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Call the conformance worker many times on one connection; its memory must stay flat.
#
#   tests/soak/run.sh [CALLS]      (100000; VGI_BUILD names the build directory)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${VGI_BUILD:-$root/build}
calls=${1:-100000}
requests=$root/bench/payloads

passed=0 failed=0
for epoch in seed current; do
    echo "soak, $epoch epoch:"
    if "$build/tests/million" "$calls" "$requests/$epoch"/*.request -- \
        "$build/bin/vgirpc-conformance-worker"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
