# SPDX-License-Identifier: Apache-2.0
"""Raw HTTP against a worker process, for the tests of this folder that look at single bytes."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
CONFORMANCE = BUILD / "bin/vgirpc-conformance-worker"
NAPPING = BUILD / "tests/http-worker"  # worker.c: short deadlines, and a method that sleeps
ADD = (ROOT / "bench/payloads/seed/add.request").read_bytes()
VOID = (ROOT / "bench/payloads/seed/void.request").read_bytes()
ARROW = b"application/vnd.apache.arrow.stream"
SANITIZED = any(name in CONFORMANCE.read_bytes() for name in (b"__asan_init", b"__tsan_init"))
TIMEOUT = 20


class Worker:
    """A worker that serves HTTP. Ends on SIGTERM with status 0, or the test fails."""

    def __init__(self, program=CONFORMANCE, *options, **env):
        self.process = subprocess.Popen(
            [str(program), "--http", *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "VGI_RPC_SIGNING_KEY": "11" * 32, **{name: str(value) for name, value in env.items()}},
        )
        self.port = int(self.process.stdout.readline().removeprefix("PORT:"))
        with self.connect() as s:  # so that all of it is there
            assert ask(s, add_request()) == 200

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        if kind is None:
            assert code == 0, f"the worker ended with {code}"

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def anonymous_bytes(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", text).group(1)) << 10

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def settled_descriptors(self, most):
        """Their number, once it is at most that, or has not changed for a while."""
        until = time.monotonic() + TIMEOUT
        while (n := self.descriptors()) > most and time.monotonic() < until:
            time.sleep(0.05)
        return n


def post(path, body=b"", *headers, length=None):
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: x", b"Content-Type: " + ARROW]
    lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join([*lines, *headers, b"", body])


def add_request():
    """A request that the worker answers with 200."""
    return post(b"/add_floats", ADD)


def nap_request():
    return post(b"/void_noop", VOID)


class Responses:
    """What comes back on a connection."""

    def __init__(self, s):
        self.socket, self.held = s, b""

    def _more(self):
        got = self.socket.recv(1 << 16)
        self.held += got
        return bool(got)

    def next(self, bodiless=False):
        """Status, head and body of the next response; None: the connection ended."""
        while b"\r\n\r\n" not in self.held:
            if not self._more():
                assert not self.held, f"ended in a head: {self.held!r}"
                return None
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        found = re.match(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+(\r\n|$)", head)
        assert found, f"no status line: {head!r}"
        status = int(found.group(1))
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        wanted = 0 if bodiless or status == 100 or not length else int(length.group(1))
        while len(self.held) < wanted:
            assert self._more(), "ended in a body"
        body, self.held = self.held[:wanted], self.held[wanted:]
        return status, head, body

    def status(self):
        response = self.next()
        return response and response[0]


def ask(s, request):
    s.sendall(request)
    return Responses(s).status()


def load(worker, request, connections, calls):
    """The same request at full speed: calls per second, and the worker's CPU time for one, in us."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(request)
        file.flush()
        command = [BUILD / "bin/vgirpc-bench-http", "-p", file.name, "-P", worker.port, "-x", worker.process.pid]
        command += ["-k", connections, "-n", calls]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    return measured["per_s"], measured["cpu_us"]


def raise_descriptors(wanted):
    """Let this process, and those it starts, have so many files; how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def run(*tests):
    """Run the tests; the last line counts them."""
    failed = 0
    for test in tests:
        started = time.monotonic()
        try:
            test()
            print(f"ok      {time.monotonic() - started:6.1f} s  {test.__name__}", flush=True)
        except (AssertionError, OSError) as error:
            failed += 1
            print(f"FAILED  {test.__name__}: {error}", flush=True)
            traceback.print_exc()
    print(f"{len(tests) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
