#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client that disappears at any byte leaves nothing behind.

    tests/http/vanish.py [BUILD]
"""

import socket
import struct
import sys

from support import ADD, CONFORMANCE, NAPPING, ROOT, SANITIZED, Worker, add_request, ask, nap_request, post, run

sys.path.insert(0, str(ROOT / "bench"))
import ipc  # noqa: E402

GROWTH = 128 << 10  # some bytes of each of 1,500 connections are more
FEW = ("--threads", "4", "--max-threads", "4")
ROUNDS = 8


def leave(s, how):
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == "half":
        s.shutdown(socket.SHUT_WR)
    s.close()


def leaves_nothing(worker, disappear):
    """Descriptors come back after each round. Threads keep some memory of the first requests, so it is
    a later round that must add none; what leaks would be added by every one.
    """
    with worker.connect() as s:
        assert ask(s, add_request()) == 200
        idle, added = worker.descriptors() - 1, []
    for _ in range(ROUNDS):
        before = worker.anonymous_bytes()
        disappear(worker)
        files = worker.settled_descriptors(idle)
        assert files <= idle, f"{files} descriptors, {idle} before"
        with worker.connect() as s:
            assert ask(s, add_request()) == 200
        if SANITIZED:  # those keep what was freed
            return
        added.append(worker.anonymous_bytes() - before)
        if len(added) > 1 and added[-1] <= GROWTH:
            return
    raise AssertionError(f"every round adds memory: {added}")


def at_any_byte_of_a_request():
    chunked = post(b"/add_floats").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunked += b"%x\r\n" % len(ADD) + ADD + b"\r\n0\r\n\r\n"

    def disappear(worker):
        for request in (add_request(), chunked):
            for how in ("close", "reset", "half"):
                for n in range(len(request) + 1):
                    s = worker.connect()
                    s.sendall(request[:n])
                    leave(s, how)

    with Worker(CONFORMANCE, *FEW) as worker:
        with worker.connect() as s:
            assert ask(s, chunked) == 200
        leaves_nothing(worker, disappear)


def in_a_large_body():
    body = bytes(3 << 20)

    def disappear(worker):
        for n in range(0, len(body), len(body) // 60):
            for how in ("close", "reset"):
                s = worker.connect()
                s.sendall(post(b"/add_floats", body[:n], length=len(body)))
                leave(s, how)

    with Worker(CONFORMANCE, *FEW) as worker:
        leaves_nothing(worker, disappear)


def in_a_large_response():
    opening = (ROOT / "bench/payloads/seed/producer512K.open").read_bytes()
    end = next(message.end for message in ipc.messages(opening) if not message.metadata)
    request = post(b"/produce_large_batches/init", opening[:end])

    def disappear(worker):
        for i in range(100):
            s = worker.connect()
            s.sendall(request * (1 + i % 3))
            for _ in range(i % 7):
                s.recv(1 << 14)
            leave(s, "reset" if i % 2 else "close")

    with Worker(CONFORMANCE, *FEW) as worker:
        with worker.connect() as s:
            assert ask(s, request) == 200
        leaves_nothing(worker, disappear)


def while_a_handler_runs():
    def disappear(worker):
        for i in range(60):
            s = worker.connect()
            s.sendall(nap_request())
            leave(s, ("close", "reset", "half")[i % 3])

    with Worker(NAPPING, "--threads", "4", NAP_MS=100) as worker:
        with worker.connect() as s:
            assert ask(s, nap_request()) == 200
        leaves_nothing(worker, disappear)


run(at_any_byte_of_a_request, in_a_large_body, in_a_large_response, while_a_handler_runs)
