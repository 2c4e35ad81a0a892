#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Property tests of the Arrow codec. VGI_PYTHON: a python with pyarrow (build/venv-15/bin/python); VGI_BUILD: the
# build directory (build).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${VGI_BUILD:-$here/../../build}
exec "${VGI_PYTHON:-$here/../../build/venv-15/bin/python}" "$here/run.py" "$build/tests/property_roundtrip" "$@"
