#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client that disappears at any byte leaves nothing behind.

    tests/http/vanish.py [BUILD]
"""

import socket
import struct
import sys
import time

from support import ADD, CONFORMANCE, NAPPING, ROOT, SANITIZED, Worker, add_request, ask, nap_request, post, run

sys.path.insert(0, str(ROOT / "bench"))
import ipc  # noqa: E402

GROWTH = 2 << 20
# A thread keeps some memory of its first request: not what is looked for here.
FEW = ("--threads", "4", "--max-threads", "4")
SECONDS = 20


def leave(s, how):
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == "half":
        s.shutdown(socket.SHUT_WR)
    s.close()


class Baseline:
    """Descriptors and memory of a worker that has done everything once."""

    def __init__(self, worker):
        self.worker = worker
        time.sleep(1.5)
        self.files, self.memory = worker.descriptors(), worker.anonymous_bytes()

    def _memory_returns(self):
        until = time.monotonic() + SECONDS
        while (grown := self.worker.anonymous_bytes() - self.memory) > GROWTH and time.monotonic() < until:
            time.sleep(0.2)
        assert grown <= GROWTH, f"{grown} bytes more than before"

    def returns(self):
        files = self.worker.settled_descriptors(self.files)
        assert files <= self.files, f"{files} descriptors, {self.files} before"
        if not SANITIZED:  # those keep what was freed
            self._memory_returns()
        with self.worker.connect() as s:
            assert ask(s, add_request()) == 200


def at_any_byte_of_a_request():
    chunked = post(b"/add_floats").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunked += b"%x\r\n" % len(ADD) + ADD + b"\r\n0\r\n\r\n"
    with Worker(CONFORMANCE, *FEW) as worker:
        with worker.connect() as s:
            assert ask(s, chunked) == 200
        baseline = Baseline(worker)
        for request in (add_request(), chunked):
            for how in ("close", "reset", "half"):
                for n in range(len(request) + 1):
                    s = worker.connect()
                    s.sendall(request[:n])
                    leave(s, how)
        baseline.returns()


def in_a_large_body():
    body = bytes(3 << 20)
    with Worker(CONFORMANCE, *FEW) as worker:
        baseline = Baseline(worker)
        for n in range(0, len(body), len(body) // 60):
            for how in ("close", "reset"):
                s = worker.connect()
                s.sendall(post(b"/add_floats", body[:n], length=len(body)))
                leave(s, how)
        baseline.returns()


def in_a_large_response():
    opening = (ROOT / "bench/payloads/seed/producer512K.open").read_bytes()
    end = next(message.end for message in ipc.messages(opening) if not message.metadata)
    request = post(b"/produce_large_batches/init", opening[:end])
    with Worker(CONFORMANCE, *FEW) as worker:
        with worker.connect() as s:
            assert ask(s, request) == 200
        baseline = Baseline(worker)
        for i in range(100):
            s = worker.connect()
            s.sendall(request * (1 + i % 3))
            for _ in range(i % 7):
                s.recv(1 << 14)
            leave(s, "reset" if i % 2 else "close")
        baseline.returns()


def while_a_handler_runs():
    with Worker(NAPPING, "--threads", "4", NAP_MS=100) as worker:
        with worker.connect() as s:
            assert ask(s, nap_request()) == 200
        baseline = Baseline(worker)
        for i in range(60):
            s = worker.connect()
            s.sendall(nap_request())
            leave(s, ("close", "reset", "half")[i % 3])
        baseline.returns()


run(at_any_byte_of_a_request, in_a_large_body, in_a_large_response, while_a_handler_runs)
