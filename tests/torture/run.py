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
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("VGI_BUILD", ROOT / "build"))
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped", re.MULTILINE)
AT_ONCE = 4


def torture(program):
    """What the program counted: passed, failed, skipped."""
    env = {**os.environ, "VGI_TORTURE": "1"}
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        process = subprocess.Popen([program], env=env, stdout=out, stderr=out, start_new_session=True)
        process.wait()
        with contextlib.suppress(ProcessLookupError):  # what a test that broke off had started
            os.killpg(process.pid, signal.SIGKILL)
        out.seek(0)
        text = out.read()
    found = SUMMARY.findall(text)
    counts = tuple(map(int, found[-1])) if found else (0, 1, 0)
    if counts[1]:
        print(f"{program.name}:\n{text}", flush=True)
    return counts


def main():
    programs = sorted((BUILD / "tests").glob("test_*"))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        passed, failed, skipped = map(sum, zip((0, 0, 0), *pool.map(torture, programs)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
