#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# script/demo runs through, in under a minute once everything is built.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
started=$(date +%s)
"$root/script/demo"
status=$?
seconds=$(($(date +%s) - started))
echo "exit status $status after $seconds s"
if [ $status -eq 0 ] && [ $seconds -lt 60 ]; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
