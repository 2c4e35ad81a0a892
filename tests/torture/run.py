#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run every unit test with each of its allocations failing in turn.

    tests/torture/run.py

    VGI_BUILD             build directory (build)
    VGI_TORTURE_SAMPLES   allocations that are failed per test (200; 0: all)
    VGI_TORTURE_SECONDS   per test (3; 0: no bound)

Programs run four at a time: most of them wait for something that their test wants to be late.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("VGI_BUILD", ROOT / "build"))
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped", re.MULTILINE)
AT_ONCE = 4


def torture(program):
    """What the program counted: passed, failed, skipped."""
    env = {**os.environ, "VGI_TORTURE": "1"}
    done = subprocess.run([program], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    found = SUMMARY.findall(done.stdout)
    counts = tuple(map(int, found[-1])) if found else (0, 1, 0)
    if counts[1]:
        print(f"{program.name}:\n{done.stdout}", flush=True)
    return counts


def main():
    programs = sorted((BUILD / "tests").glob("test_*"))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        passed, failed, skipped = map(sum, zip((0, 0, 0), *pool.map(torture, programs)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
