#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the reference's conformance suite against our worker under valgrind.
#
#   tests/valgrind/run.sh [leg...]
#
# Every invalid access, use of an uninitialised value and leaked block counts as
# a failure. The default leg is subprocess, one worker for all tests; pipe starts
# one for each test. VGI_BUILD names a build without sanitizers; the reference is
# found as tests/conformance/run.sh says.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${VGI_BUILD:-$root/build}" && pwd)

VGI_SANITIZER_LOGS=$(mktemp -d)
trap 'rm -rf "$VGI_SANITIZER_LOGS"' EXIT
VGI_WORKER="valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
--track-fds=no --log-file=$VGI_SANITIZER_LOGS/%p $build/bin/vgirpc-conformance-worker"
VGI_TIMEOUT_SCALE=${VGI_TIMEOUT_SCALE:-20}
export VGI_SANITIZER_LOGS VGI_WORKER VGI_TIMEOUT_SCALE
[ $# -gt 0 ] || set -- subprocess
"$root/tests/conformance/run.sh" seed "$@"
