#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Exchange with the conformance worker through shared memory, many times; then kill either
# side, again and again.
#
#   tests/shm/run.sh [EXCHANGES [KILLS]]     (100000 20; VGI_BUILD names the build directory)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${VGI_BUILD:-$root/build}

if "$build/tests/shm-soak" "${1:-100000}" "${2:-20}" -- "$build/bin/vgirpc-conformance-worker"; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
