#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Misuses of the declaring macros must not compile, without any warning flag, and the first error must
# stand at the line marked `wrong:` and match the expression there.
#
#   tests/macro_fail/run.sh        under gcc and clang, those that are there
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
passed=0 failed=0 skipped=0

# check FILE COMPILER
check() {
    if ! command -v "$2" >/dev/null; then
        skipped=$((skipped + 1))
        return
    fi
    line=$(grep -n 'wrong:' "$1" | cut -d: -f1)
    expected=$(sed -n 's|.*/\* wrong: \(.*\) \*/.*|\1|p' "$1")
    output=$("$2" -std=c11 -fsyntax-only -I"$include" "$1" 2>&1)
    status=$?
    first=$(printf '%s\n' "$output" | grep -m1 'error:')
    if [ $status -ne 0 ] && printf '%s\n' "$first" | grep -qE "^$1:$line:.*($expected)"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$2 $1: line $line, '$expected' expected; exit $status, first error: $first"
    fi
}

for file in "$here"/*.c; do
    check "$file" gcc
    check "$file" clang
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
