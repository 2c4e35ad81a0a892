#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into a temporary directory and builds consumers of it: C and C++, with pkg-config and with
# the CMake package, shared and static. Each is run.
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
        "-DCMAKE_INSTALL_PREFIX=$prefix" -DCMAKE_INSTALL_LIBDIR=lib &&
        ninja -C "$work/build" --quiet install
}

# with_pkg_config COMPILER STANDARD SOURCE [--static]
with_pkg_config() {
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    link=$(pkg-config ${4:-} --libs vgirpc-client) || return
    if [ -n "${4:-}" ]; then
        # Our archives by name, all else as usual.
        link=$(echo "$link" | sed 's/-lvgirpc-client/-l:libvgirpc-client.a/; s/-lvgirpc /-l:libvgirpc.a /')
    fi
    # shellcheck disable=SC2046,SC2086
    "$1" "-std=$2" -Wall -Wextra -Wpedantic -Werror "$3" -o "$work/consumer" \
        $(pkg-config --cflags vgirpc-client) $link -lm || return
    LD_LIBRARY_PATH=$prefix/lib "$work/consumer"
}

# with_cmake SUFFIX: builds and runs both consumers.
with_cmake() {
    rm -rf "$work/cmake"
    cmake -S "$here" -B "$work/cmake" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix" "-DSUFFIX=$1" &&
        ninja -C "$work/cmake" && "$work/cmake/consumer_c" && "$work/cmake/consumer_cpp"
}

check "install" install_all
check "pkg-config, C" with_pkg_config cc c11 "$here/consumer.c"
check "pkg-config, C, static" with_pkg_config cc c11 "$here/consumer.c" --static
check "CMake package" with_cmake ""
check "CMake package, static" with_cmake "-static"
if command -v c++ >/dev/null; then
    check "pkg-config, C++" with_pkg_config c++ c++17 "$here/consumer.cc"
else
    skipped=1
fi
check "the command" env "LD_LIBRARY_PATH=$prefix/lib" "$prefix/bin/vgirpc" --version
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
