#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into a temporary directory, moves it, and builds consumers of it: C and C++, with pkg-config
# and with the CMake package, shared and static. Each is run. A worker that only links the HTTP library, and
# uses no name of it, must have --http.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
passed=0 failed=0 skipped=0

# check WHAT COMMAND...
check() {
    what=$1
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$what" "$output" | tail -30
    fi
}

install_all() {
    cmake -S "$root" --preset release -B "$work/build" -DVGI_TESTS=OFF \
        "-DCMAKE_INSTALL_PREFIX=$work/installed" -DCMAKE_INSTALL_LIBDIR=lib &&
        ninja -C "$work/build" --quiet install && mv "$work/installed" "$prefix"
}

# with_pkg_config MODULE COMPILER STANDARD SOURCE [static]: builds $work/consumer.
with_pkg_config() {
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    link=$(pkg-config --libs "$1") || return
    if [ -n "${5:-}" ]; then
        # Our archives by name, all else as usual: what they need is shared.
        needed=$(pkg-config --print-requires-private "$1" vgirpc)
        # shellcheck disable=SC2086
        link="$(echo "$link" | sed 's/-lvgirpc\([a-z0-9-]*\)/-l:libvgirpc\1.a/g') $(pkg-config --libs $needed)"
    fi
    # shellcheck disable=SC2046,SC2086
    "$2" "-std=$3" -Wall -Wextra -Wpedantic -Werror "$4" -o "$work/consumer" \
        $(pkg-config --cflags "$1") -Wl,--as-needed $link -lm
}

# client COMPILER STANDARD SOURCE [static]
client() {
    with_pkg_config vgirpc-client "$@" && LD_LIBRARY_PATH=$prefix/lib "$work/consumer"
}

# worker [static]
worker() {
    with_pkg_config vgirpc-http cc c11 "$here/worker.c" "$@" && has_http "$work/consumer"
}

# store [static]
store() {
    with_pkg_config "vgirpc-s3 vgirpc-gcs vgirpc-client" cc c11 "$here/store.c" "$@" &&
        LD_LIBRARY_PATH=$prefix/lib "$work/consumer"
}

# has_http WORKER
has_http() {
    LD_LIBRARY_PATH=$prefix/lib "$1" --help | grep -e '--http ' &&
        LD_LIBRARY_PATH=$prefix/lib timeout 1 "$1" --http | grep 'PORT:[1-9]'
}

# with_cmake SUFFIX: builds and runs both consumers.
with_cmake() {
    rm -rf "$work/cmake"
    cmake -S "$here" -B "$work/cmake" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix" "-DSUFFIX=$1" \
        -DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed &&
        ninja -C "$work/cmake" && "$work/cmake/consumer_c" && "$work/cmake/consumer_cpp" &&
        has_http "$work/cmake/worker" && env "LD_LIBRARY_PATH=$prefix/lib" "$work/cmake/store"
}

check "install" install_all
check "pkg-config, C" client cc c11 "$here/consumer.c"
check "pkg-config, C, static" client cc c11 "$here/consumer.c" static
check "pkg-config, worker" worker
check "pkg-config, worker, static" worker static
check "pkg-config, stores" store
check "pkg-config, stores, static" store static
check "CMake package" with_cmake ""
check "CMake package, static" with_cmake "-static"
if command -v c++ >/dev/null; then
    check "pkg-config, C++" client c++ c++17 "$here/consumer.cc"
else
    skipped=1
fi
check "the command" env "LD_LIBRARY_PATH=$prefix/lib" "$prefix/bin/vgirpc" --version
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
