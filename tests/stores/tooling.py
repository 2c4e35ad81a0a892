# SPDX-License-Identifier: Apache-2.0
"""What the suites of the stores share: the tool, its results, requests with a signed URL."""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
TOOL = BUILD / "tests/store-tool"
FETCH_TOOL = BUILD / "tests/fetch-tool"
WORK = Path(tempfile.mkdtemp(prefix="stores"))
PATIENCE_S = 60
MIB = 1 << 20


def tool(store, what, *options, env=None, **named):
    """Run the tool: its lines, and whether it succeeded."""
    arguments = [f"{name}={value}" for name, value in named.items()]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GOOGLE_", "STORAGE_"))}
    run = subprocess.run(
        [TOOL, store, *what, *options, *arguments],
        env={**clean, "HOME": str(WORK), **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert run.returncode in (0, 1), (run.returncode, run.stdout, run.stderr)
    return run.stdout.splitlines(), run.returncode == 0


def ok(result):
    lines, good = result
    assert good, lines
    return lines


def refused(result, *words):
    lines, good = result
    assert not good, lines
    for word in words:
        assert word in lines[-1], (word, lines[-1])
    return lines[-1]


def follow(url, **options):
    """Fetch an object as pointers are followed: its digest, or what was said, and whether it worked."""
    command = [FETCH_TOOL, url, *(f"{name}={value}" for name, value in options.items())]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.returncode in (0, 1), (run.returncode, run.stdout, run.stderr)
    return [run.stdout.split()[-1] if run.returncode == 0 else run.stdout], run.returncode == 0


def fetch(url, method="GET", body=None, headers=None):
    at = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=PATIENCE_S)
    target = at.path + (f"?{at.query}" if at.query else "")
    connection.request(method, target, body, {"Host": at.netloc, **(headers or {})})
    answer = connection.getresponse()
    result = answer.status, answer.read()
    connection.close()
    return result


def payload(size):
    """A file of so many bytes that do not repeat soon, and the bytes."""
    path = WORK / f"payload-{size}"
    if not path.exists():
        path.write_bytes(b"".join(i.to_bytes(4, "big") for i in range(size // 4 + 1))[:size])
    return path, path.read_bytes()


def flipped(url, name):
    """The URL with one digit of a parameter changed."""
    head, _, tail = url.partition(f"{name}=")
    return f"{head}{name}={'0' if tail[0] != '0' else '1'}{tail[1:]}"


def run_all(tests, run, failed=0):
    """Run tests, {name: test}; the exit code. `run(test)` calls one; `failed` have already."""
    passed = 0
    for name, test in tests.items():
        try:
            run(test)
            passed += 1
        except Exception:
            failed += 1
            print(f"{name}: FAILED")
            traceback.print_exc(file=sys.stdout)
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
