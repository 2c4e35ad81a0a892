#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slow clients: whatever drips, it is over when its time is.

    tests/http/loris.py [BUILD]
"""

import resource
import socket
import threading
import time

from support import ADD, NAPPING, Responses, Worker, add_request, ask, post, run

HEADER_MS, IDLE_MS, WRITE_MS, RATE = 1000, 1000, 1000, 1000
LATEST = 4.0  # seconds, on a busy machine


def worker():
    return Worker(NAPPING, HEADER_MS=HEADER_MS, IDLE_MS=IDLE_MS, WRITE_MS=WRITE_MS, BODY_RATE=RATE)


class Slow(threading.Thread):
    """Sends `first`, then a byte of `drip` now and then, until the server has enough."""

    def __init__(self, server, first=b"", drip=b"", pause=0.05):
        super().__init__()
        self.socket, self.first, self.drip, self.pause = server.connect(), first, drip, pause
        self.status, self.seconds = "open", None
        self.start()

    def run(self):
        started = time.monotonic()
        try:
            self.socket.sendall(self.first)
            self.socket.settimeout(self.pause)
            while time.monotonic() < started + 2 * LATEST:
                try:
                    self.socket.recv(1, socket.MSG_PEEK)
                    break
                except TimeoutError:
                    if self.drip:
                        self.socket.send(self.drip)
            self.seconds = time.monotonic() - started
            self.socket.settimeout(LATEST)
            self.status = Responses(self.socket).status()
        except OSError as error:
            self.seconds = time.monotonic() - started
            self.status = repr(error)
        self.socket.close()

    def ended(self, status, least, most=LATEST):
        self.join()
        assert self.status == status, f"{self.first[-30:]!r}: {self.status}, not {status}"
        assert least <= self.seconds <= most, f"{self.first[-30:]!r}: after {self.seconds:.2f} s"


def slow_clients_are_closed():
    chunked = post(b"/add_floats").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with worker() as server, server.connect() as idle:
        assert ask(idle, add_request()) == 200
        silent = Slow(server)
        late = [
            Slow(server, b"P"),
            Slow(server, b"GET /", b"a"),
            Slow(server, b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: ", b"a"),
            Slow(server, b"GET /health HTTP/1.1\r\nHost: x\r\n", b"X:\r\n", 0.01),
            Slow(server, post(b"/add_floats", length=100000)),
            Slow(server, post(b"/add_floats", length=100000), b"a"),
            Slow(server, post(b"/add_floats", ADD[:100], length=100000), b"a"),
            Slow(server, chunked + b"1000\r\n", b"a"),
            Slow(server, chunked, b"1\r\na\r\n", 0.02),
            Slow(server, chunked + b"1;", b"a"),
        ]
        silent.ended(None, 0.9)  # nothing was asked: nothing is answered
        for slow in late:
            slow.ended(408, 0.9)
        assert idle.recv(1) == b""


def a_body_that_makes_its_rate_is_served():
    """Three times as long as a head may take, at a little more than the rate."""
    with worker() as server, server.connect() as s:
        s.sendall(post(b"/add_floats", b"", b"X-A: " + b"a" * 100, length=len(ADD)))
        pieces = 30
        for i in range(pieces):
            s.sendall(ADD[i * len(ADD) // pieces : (i + 1) * len(ADD) // pieces])
            time.sleep(0.04)
        assert Responses(s).status() == 200


def a_client_that_does_not_read_is_closed():
    """It asks for pages and reads none of them."""
    with worker() as server:
        time.sleep(0.2)
        before = server.descriptors()
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", server.port))
        s.settimeout(0.2)
        try:
            for _ in range(10000):
                s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        except OSError:
            pass
        files = server.settled_descriptors(before)
        assert files == before, f"{files} descriptors, {before} before"
        s.close()


def many_slow_clients_keep_nobody_waiting():
    with worker() as server, server.connect() as s:
        slow = [Slow(server, b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: ", b"a") for _ in range(100)]
        longest = 0
        for _ in range(100):
            started = time.monotonic()
            assert ask(s, add_request()) == 200
            longest = max(longest, time.monotonic() - started)
            time.sleep(0.005)
        for one in slow:
            one.ended(408, 0.9)
        assert longest < 0.5, f"an answer took {longest:.2f} s"


def connections_wait_for_descriptors():
    """Those for which the server has none are accepted when others have left; it does not spin meanwhile."""
    few = 10
    with worker() as server:
        time.sleep(0.2)
        most = server.descriptors() + few
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (most, most))
        clients = [server.connect() for _ in range(3 * few)]
        assert all(ask(s, add_request()) == 200 for s in clients[:few])
        before = server.cpu_seconds()
        time.sleep(0.5)
        spent = server.cpu_seconds() - before
        assert spent < 0.25, f"{spent:.2f} s of CPU time in half a second"
        for s in clients[:few]:
            s.close()
        for s in clients[few:]:
            assert ask(s, add_request()) == 200
            s.close()


run(
    slow_clients_are_closed,
    a_body_that_makes_its_rate_is_served,
    a_client_that_does_not_read_is_closed,
    many_slow_clients_keep_nobody_waiting,
    connections_wait_for_descriptors,
)
