#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles each public header alone, twice included, as C11, C17 and C++17, and the files that expand
# every public macro, with all warnings as errors; without the pragma that would hide the headers' own.
#
#   tests/headers/run.sh       under gcc and clang, those that are there
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/../../include" "$work/include"
include=$work/include
find "$include" -name '*.h' -exec sed -i 's/#pragma GCC system_header//' {} +
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
passed=0 failed=0 skipped=0

# compile COMPILER STANDARD FILE WHAT
compile() {
    language=c
    case $2 in c++*) language=c++ ;; esac
    # shellcheck disable=SC2086
    if output=$("$1" -x $language "-std=$2" $warnings -fsyntax-only "-I$include" "$3" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s as %s with %s:\n%s\n' "$4" "$2" "$1" "$output"
    fi
}

for compiler in gcc clang; do
    if ! command -v $compiler >/dev/null; then
        skipped=$((skipped + 1))
        continue
    fi
    for header in "$include"/vgirpc/*.h "$include"/vgirpc/sys/*.h; do
        name=${header#"$include"/}
        printf '#include <%s>\n#include <%s>\nextern int one_declaration;\n' "$name" "$name" >"$work/alone.c"
        for standard in c11 c17 c++17; do
            compile $compiler $standard "$work/alone.c" "$name"
        done
    done
    compile $compiler c11 "$here/macros.c" macros.c
    compile $compiler c17 "$here/macros.c" macros.c
    compile $compiler c++17 "$here/macros.cc" macros.cc
done

# Every public macro stands in one of the two files (names that end in _ are private).
for macro in $(sed -n 's/^ *#define \(VGI_[A-Z0-9_]*[A-Z0-9]\)\([( ].*\)\{0,1\}$/\1/p' \
    "$include"/vgirpc/*.h "$include"/vgirpc/sys/*.h | sort -u); do
    if grep -qw "$macro" "$here/macros.c" "$here/macros.cc"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$macro is expanded nowhere"
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
