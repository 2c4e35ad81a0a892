#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make the two virtual environments with the reference implementation:
# build/venv-15 (vgi-rpc 0.15.0) and build/venv-52 (0.52.2).
#
#   tests/conformance/setup.sh [PYTHON]
#
# PYTHON is a Python 3.13 or newer; without it one is looked for: VGI_TEST_PYTHON, then
# PATH, pyenv and uv. Exit status 77 when there is none. An environment whose
# requirements did not change is kept.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build

new_enough() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 13))' 2>/dev/null
}

find_python() {
    uv=$(uv python find '>=3.13' 2>/dev/null || true)
    for candidate in "$@" "${VGI_TEST_PYTHON:-}" python3.13 python3.14 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-9]*/bin/python "$uv"; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python "$@")
if [ -z "$python" ]; then
    echo "no Python 3.13 or newer with venv was found; these would provide one:" >&2
    echo "    uv python install 3.13       or       pyenv install 3.13" >&2
    echo "then run again, or name one: VGI_TEST_PYTHON=/path/to/python" >&2
    exit 77
fi

mkdir -p "$build"
for release in 15 52; do
    venv=$build/venv-$release
    wanted=$here/requirements-$release.txt
    if [ -x "$venv/bin/python" ] && cmp -s "$wanted" "$venv/installed.txt"; then
        echo "build/venv-$release: up to date"
        continue
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$venv/installed.txt"
    echo "build/venv-$release: installed"
done
