#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a conformance suite of the reference against our worker.
#
#   tests/conformance/run.sh {seed|current} [leg...]
#
# seed is release 0.15.0, current is 0.52.2. The legs are pipe, subprocess, unix and
# unix_threaded; seed has shm_pipe, shm_always, http, http_roundrobin, http_mixed,
# http_sealed, http_externalize_always and unix_externalize_always, too. All of them by default. The last line counts the tests.
#
#   VGI_BUILD            build directory with bin/vgirpc-conformance-worker (build)
#   VGI_WORKER           command line of another worker to test instead
#   VGI_PYTHON15, VGI_PYTHON52   pythons with the reference (build/venv-*/bin/python)
#   VGI_TIMEOUT_SCALE    multiplies every deadline, for sanitizer builds (1)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
suite=${1:-}
case $suite in
seed) python=${VGI_PYTHON15:-$root/build/venv-15/bin/python} ;;
current) python=${VGI_PYTHON52:-$root/build/venv-52/bin/python} ;;
*)
    sed -n '3,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
shift
if [ ! -x "$python" ]; then
    echo "$python is missing; run tests/conformance/setup.sh first" >&2
    exit 2
fi

VGI_BUILD=${VGI_BUILD:-$root/build}
if [ -z "${VGI_WORKER:-}" ] && [ ! -x "$VGI_BUILD/bin/vgirpc-conformance-worker" ]; then
    echo "$VGI_BUILD has no conformance worker; run script/build first" >&2
    exit 2
fi
[ ! -d "$VGI_BUILD" ] || VGI_BUILD=$(cd "$VGI_BUILD" && pwd)
VGI_LEGS=$*
if [ -z "${VGI_SANITIZER_LOGS:-}" ]; then
    VGI_SANITIZER_LOGS=$(mktemp -d)
    trap 'rm -rf "$VGI_SANITIZER_LOGS"' EXIT
fi
log=log_path=$VGI_SANITIZER_LOGS/report
ASAN_OPTIONS=$log${ASAN_OPTIONS:+:$ASAN_OPTIONS}
TSAN_OPTIONS=$log${TSAN_OPTIONS:+:$TSAN_OPTIONS}
UBSAN_OPTIONS=print_stacktrace=1
export VGI_BUILD VGI_LEGS VGI_SANITIZER_LOGS ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
export PYTHONDONTWRITEBYTECODE=1

cd "$here"
"$python" -m pytest "$suite"
