#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The client's side of shared memory, by the vgirpc command: exchanges through a segment that is looked at meanwhile.

  tests/shm/client.py BUILD_DIR

  VGI_PYTHON15, VGI_PYTHON52   Pythons with the reference (build/venv-15/bin/python)

The last line is "N passed, N failed, N skipped".
"""
import glob
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve() / "bin"
EXCHANGES = 300
WAIT = 30
REFERENCE = """\
from vgi_rpc.conformance import ConformanceService, ConformanceServiceImpl
from vgi_rpc.rpc import RpcServer, serve_stdio
serve_stdio(RpcServer(ConformanceService, ConformanceServiceImpl(), enable_describe=True))
"""
# Every batch goes by way of the segment.
ENV = {**os.environ, "VGI_RPC_SHM_MIN_BATCH_BYTES": "1"}


def dump(segment):
    done = subprocess.run(
        [BIN / "vgirpc", "shm", "dump", segment, "--format", "json"], capture_output=True, text=True, timeout=WAIT
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def until(condition):
    """The first true value of `condition`; what it was last when time is up."""
    end = time.monotonic() + WAIT
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def segments(pid):
    return [os.path.basename(path) for path in glob.glob(f"/dev/shm/vgirpc-{pid}-*")]


def settled(segment):
    """What the segment holds when nothing happens any more."""
    before = dump(segment)
    time.sleep(0.5)
    return before if before and before["allocations"] and before == dump(segment) else None


def exchange(target):
    argv = [BIN / "vgirpc", "stream", target, "exchange_scale", "factor=2", "--input", "-", "--shm", "1M"]
    client = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV
    )
    try:
        client.stdin.write("".join(f'{{"value": {i}.5}}\n' for i in range(EXCHANGES)))
        client.stdin.flush()
        names = until(lambda: segments(client.pid))
        assert len(names) == 1, f"segments: {names}"
        held = until(lambda: settled(names[0]))
        assert held and held["bytes"] == 1 << 20, f"the segment holds {held}"
        # The last answer, and with the reference the last input.
        assert len(held["allocations"]) <= 2, f"not given back: {held}"
        out, err = client.communicate(timeout=WAIT)
    finally:
        client.kill()
        client.wait()
    assert client.returncode == 0, err
    got = [json.loads(line)["value"] for line in out.splitlines()]
    assert got == [2 * i + 1.0 for i in range(EXCHANGES)], got[:5]
    assert not segments(client.pid), "the segment was left behind"


def calls(target):
    text = "x" * 100000
    for argv in (["call", target, "echo_string", f"value={text}"], ["stream", target, "produce_n", "count=3"]):
        done = subprocess.run(
            [BIN / "vgirpc", *argv, "--shm", "1M"], capture_output=True, text=True, timeout=WAIT, env=ENV
        )
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert rows in ([{"result": text}], [{"index": i, "value": 10 * i} for i in range(3)]), rows[:3]


def pythons():
    for name, variable in (("15", "VGI_PYTHON15"), ("52", "VGI_PYTHON52")):
        yield name, os.environ.get(variable, str(ROOT / f"build/venv-{name}/bin/python"))


def targets():
    yield "conformance worker", f"exec:{BIN}/vgirpc-conformance-worker"
    for name, python in pythons():
        try:
            has = subprocess.run([python, "-c", "import vgi_rpc.conformance"], capture_output=True).returncode == 0
        except OSError:
            has = False
        yield f"reference {name}", f"exec:{python} -c '{REFERENCE}'" if has else None


def main():
    passed = failed = skipped = 0
    for name, target in targets():
        for check in (exchange, calls):
            if not target:
                skipped += 1
                continue
            try:
                check(target)
                passed += 1
            except (AssertionError, ValueError, subprocess.TimeoutExpired) as problem:
                failed += 1
                print(f"FAIL {name}: {check.__name__}: {problem}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
