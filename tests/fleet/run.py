#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two workers behind HAProxy, as in examples/fleet; workers are killed while streams run.

    run.py [BUILD]

    VGI_PYTHON15   Python with release 0.15.0 of the reference (build/venv-15/bin/python)

Whatever happens to a worker: a stream goes on with the other one, and each row comes once.
"""

import concurrent.futures
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve() / "bin"
PYTHON15 = os.environ.get("VGI_PYTHON15", str(ROOT / "build/venv-15/bin/python"))
ROWS = 3000
WAIT = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Worker:
    """A worker on a port of its own, which it keeps when it is started again."""

    def __init__(self, env):
        self._env = env
        self._port = 0
        self._process = None
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self._port}"

    def start(self):
        argv = [BIN / "streams", "--http", str(self._port)]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, env=self._env, text=True)
        self._port = int(self._process.stdout.readline().removeprefix("PORT:"))

    def end(self, number):
        """Send a signal; the exit status."""
        self._process.send_signal(number)
        status = self._process.wait(WAIT)
        self._process.stdout.close()
        return status


def health(url):
    """What a worker behind the address says; None when there is no answer."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


def await_workers(url, count):
    """Wait until so many different workers answer; which ones."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        answers = [health(url) for _ in range(4)]
        ids = {answer["server_id"] for answer in answers if answer}
        if len(ids) == count and None not in answers:
            return ids
        time.sleep(0.05)
    raise TimeoutError(f"not {count} workers behind {url} within {WAIT} s")


class Fleet:
    def __init__(self, stack):
        env = {**os.environ, "VGI_RPC_SIGNING_KEY": secrets.token_hex(32)}
        self.workers = [Worker(env), Worker(env)]
        for worker in self.workers:
            stack.callback(worker.end, signal.SIGTERM)
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        config = ROOT / "examples/fleet/haproxy.cfg"
        env |= {"FLEET_ADDRESS": address}
        env |= {"FLEET_ONE": self.workers[0].address, "FLEET_TWO": self.workers[1].address}
        proxy = stack.enter_context(subprocess.Popen(["haproxy", "-db", "-q", "-f", config], env=env))
        stack.callback(proxy.terminate)
        await_workers(self.url, 2)

    @contextlib.contextmanager
    def stream(self, *arguments):
        """Run `vgirpc stream` against the proxy; it has to end well."""
        argv = [BIN / "vgirpc", "stream", self.url, *arguments]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
                process.stdin.close()
                assert process.wait(WAIT) == 0, f"vgirpc stream ended with {process.returncode}"
            finally:
                if process.poll() is None:
                    process.kill()


def check_producer(fleet, at):
    """Every row of a producer, in order and once; `at` says what is done at which row."""
    with fleet.stream("count_up", f"count={ROWS}") as process:
        for index in range(ROWS):
            if index in at:
                at[index]()
            row = json.loads(process.stdout.readline())
            assert row == {"index": index, "value": index * 10}, f"row {index} is {row}"
        assert process.stdout.readline() == ""


def both_take_part(fleet):
    ids = [health(fleet.url)["server_id"] for _ in range(10)]
    assert len(set(ids)) == 2, ids
    check_producer(fleet, {})


def killed_under_a_producer(fleet):
    one = fleet.workers[0]
    check_producer(fleet, {ROWS // 3: lambda: one.end(signal.SIGKILL)})
    one.start()
    await_workers(fleet.url, 2)


def killed_under_an_exchange(fleet):
    two = fleet.workers[1]
    with fleet.stream("scale", "factor=4", "--input", "-") as process:
        for turn in range(300):
            if turn == 100:
                time.sleep(0.5)  # the stream is open by then: its opening is not sent twice
                two.end(signal.SIGKILL)
            process.stdin.write(json.dumps({"value": turn + 0.5}) + "\n")
            process.stdin.flush()
            if turn % 10 == 0:  # also while turns are under way
                time.sleep(0.001)
        process.stdin.close()
        for turn in range(300):
            assert json.loads(process.stdout.readline()) == {"value": 4 * turn + 2.0}
    two.start()
    await_workers(fleet.url, 2)


def replaced_one_by_one(fleet):
    """What an upgrade does: each worker ends in good order and another takes its place."""
    before = await_workers(fleet.url, 2)

    def replace(worker):
        assert worker.end(signal.SIGTERM) == 0
        worker.start()
        await_workers(fleet.url, 2)

    first, second = fleet.workers
    check_producer(fleet, {ROWS // 4: lambda: replace(first), ROWS // 2: lambda: replace(second)})
    assert not before & await_workers(fleet.url, 2)


def killed_again_and_again(fleet):
    def kill(worker):
        worker.end(signal.SIGKILL)
        worker.start()
        await_workers(fleet.url, 2)

    check_producer(
        fleet, {row: lambda i=i: kill(fleet.workers[i % 2]) for i, row in enumerate(range(200, ROWS, 400))}
    )


def killed_under_reference_clients(fleet):
    """They send nothing twice themselves. Several at a time, so that kills meet turns under way."""
    turns, kills = 500, 12
    expected = {
        "count_up": [{"index": i, "value": i * 10} for i in range(turns)],
        "scale": [{"value": 4 * i + 2.0} for i in range(turns)],
    }
    over = threading.Event()

    def faults_of_streams(method):
        """Call it until the end; of each stream, what was wrong with it."""
        argv = [PYTHON15, ROOT / "tests/fleet/client15.py", fleet.url, method, str(turns)]
        faults = []
        while not over.is_set():
            done = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT)
            rows = [json.loads(line) for line in done.stdout.splitlines()]
            good = done.returncode == 0 and rows == expected[method]
            faults.append("" if good else f"{method} ended at row {len(rows)}: {done.stderr[-200:]}")
        return faults

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(faults_of_streams, method) for method in [*expected] * 2]
        try:
            for i in range(kills):
                time.sleep(0.3)
                worker = fleet.workers[i % 2]
                worker.end(signal.SIGKILL)
                worker.start()
                await_workers(fleet.url, 2)
        finally:
            over.set()
    faults = [fault for client in clients for fault in client.result()]
    print(f"{kills} workers killed under {len(faults)} streams of the reference's client")
    assert not any(faults), "; ".join(filter(None, faults))


def main():
    if not shutil.which("haproxy"):
        print("haproxy is not installed\n0 passed, 0 failed, 1 skipped")
        return 0
    cases = [
        both_take_part,
        killed_under_a_producer,
        killed_under_an_exchange,
        replaced_one_by_one,
        killed_again_and_again,
    ]
    failed = skipped = 0
    if os.access(PYTHON15, os.X_OK):
        cases.append(killed_under_reference_clients)
    else:
        print(f"killed_under_reference_clients: skipped, no {PYTHON15}")
        skipped = 1
    with contextlib.ExitStack() as stack:
        fleet = Fleet(stack)
        for case in cases:
            started = time.monotonic()
            try:
                case(fleet)
                verdict = "ok"
            except (AssertionError, TimeoutError, ValueError, subprocess.TimeoutExpired) as error:
                verdict = f"FAILED: {error or type(error).__name__}"
                failed += 1
            print(f"{case.__name__}: {verdict}, {time.monotonic() - started:.1f} s", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
