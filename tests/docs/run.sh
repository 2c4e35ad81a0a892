#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compile and run every code block of README.md and docs/.
#
#   tests/docs/run.sh [page...]
#
#   VGI_BUILD      build directory (build)
#   VGI_PYTHON15   Python with the reference 0.15.0 (build/venv-15/bin/python)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${VGI_PYTHON15:-$root/build/venv-15/bin/python}
[ ! -x "$python" ] || set -- --python "$python" "$@"
exec python3 "$root/tests/docs/run.py" --build "${VGI_BUILD:-$root/build}" "$@"
