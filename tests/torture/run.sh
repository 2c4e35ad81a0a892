#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run every unit test with each of its allocations failing in turn.
#
#   tests/torture/run.sh
#
#   VGI_BUILD             build directory (build)
#   VGI_TORTURE_SAMPLES   allocations that are failed per test (200; 0: all)
#   VGI_TORTURE_SECONDS   per test (3; 0: no bound)
#   VGI_TORTURE_TOTAL     seconds in all (180; 0: no bound); programs that were not
#                         reached count as skipped
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
programs=$(ls "${VGI_BUILD:-$root/build}"/tests/test_*)
limit=${VGI_TORTURE_TOTAL:-180}
started=$(date +%s)
passed=0 failed=0 skipped=0
export VGI_TORTURE=1

for program in $programs; do
    spent=$(($(date +%s) - started))
    if [ "$limit" -gt 0 ] && [ $spent -ge "$limit" ]; then
        echo "not reached within $limit s: $(basename "$program")"
        skipped=$((skipped + 1))
        continue
    fi
    output=$("$program" 2>&1)
    counts=$(printf '%s\n' "$output" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped.*/\1 \2 \3/p')
    # shellcheck disable=SC2086
    set -- ${counts:-0 1 0}
    [ "$2" -eq 0 ] || printf '%s\n%s\n' "$(basename "$program"):" "$output"
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
