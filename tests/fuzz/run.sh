#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzz every target of fuzz/ for a while, starting from its corpus.
#
#   tests/fuzz/run.sh [SECONDS]       per target (20)
#
#   VGI_FUZZ_BUILD    build directory of the fuzz preset (build/fuzz)
#
# An input that fails is left in that directory and named in the output; it belongs
# into fuzz/corpus/ once it is understood.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${VGI_FUZZ_BUILD:-$root/build/fuzz}
seconds=${1:-20}
passed=0 failed=0

for target in "$build"/fuzz/fuzz_*; do
    name=${target##*/fuzz_}
    found=$build/corpus/$name
    mkdir -p "$found"
    # New inputs go to the first folder; the repository's corpus is only read.
    if "$target" "$found" "$root/fuzz/corpus/$name" "-max_total_time=$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 "-artifact_prefix=$build/$name-" \
        >"$build/$name.log" 2>&1; then
        passed=$((passed + 1))
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")
        echo "$name: $runs runs in $seconds s"
    else
        failed=$((failed + 1))
        echo "$name: FAILED"
        tail -40 "$build/$name.log"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
