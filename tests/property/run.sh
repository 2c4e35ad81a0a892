#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Property tests of the Arrow codec. VGI_PYTHON: a python with pyarrow; VGI_BUILD: the build directory.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${VGI_BUILD:-$here/../../build}
exec "${VGI_PYTHON:-python3}" "$here/run.py" "$build/tests/property_roundtrip" "$@"
