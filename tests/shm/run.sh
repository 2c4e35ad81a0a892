#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Client and worker of this library exchange through shared memory, many times; then either
# is killed, and segments are cut, again and again.
#
#   tests/shm/run.sh [EXCHANGES [ROUNDS]]     (100000 20; VGI_BUILD names the build directory)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${VGI_BUILD:-$root/build}
# What a sanitizer keeps of freed memory is no growth.
export ASAN_OPTIONS="quarantine_size_mb=0:thread_local_quarantine_size_kb=0:${ASAN_OPTIONS:-}"

if "$build/tests/shm-soak" "${1:-100000}" "${2:-20}" -- "$build/bin/vgirpc-conformance-worker"; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
