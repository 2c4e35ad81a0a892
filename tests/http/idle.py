#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections that do nothing cost next to nothing.

    tests/http/idle.py [BUILD]

10,000 of them, as many as descriptors allow, each kept after an answer: memory for each is
printed and must stay below 8 KiB, and a second round must not need more. And 300 beside 8
busy ones do not slow those down.
"""

import contextlib
import time

from support import CONFORMANCE, TIMEOUT, Worker, add_request, ask, load, raise_descriptors, run

MANY = 10_000
MOST_BYTES = 8 << 10
NOISE = 1 << 20
CALLS = 30_000


def settled_memory(worker):
    """Once threads have given back what they kept for the next request."""
    last, until = None, time.monotonic() + TIMEOUT
    while (now := worker.anonymous_bytes()) != last and time.monotonic() < until:
        last = now
        time.sleep(1.2)
    return now


def open_idle(worker, n, held):
    """Each is answered once, so that whatever a connection holds was there."""
    made = []
    for _ in range(n):
        s = held.enter_context(worker.connect())
        assert ask(s, add_request()) == 200
        made.append(s)
    return made


def ten_thousand_connections():
    n = min(MANY, raise_descriptors(MANY + 200) - 200)
    with Worker(CONFORMANCE) as worker:
        with contextlib.ExitStack() as warm:
            open_idle(worker, 50, warm)
        files = worker.settled_descriptors(0)
        before = settled_memory(worker)
        for number in (1, 2):
            with contextlib.ExitStack() as held:
                made = open_idle(worker, n, held)
                each = (settled_memory(worker) - before) / n
                print(f"round {number}: {n} idle connections, {each:.0f} bytes of anonymous memory each")
                assert each <= MOST_BYTES
                first = each if number == 1 else first
                assert each <= first + NOISE / n, "memory grows from round to round"
                for s in made[:: n // 100]:
                    assert ask(s, add_request()) == 200
            assert worker.settled_descriptors(files) <= files


def idle_ones_beside_busy_ones():
    alone, accompanied = [], []
    with Worker(CONFORMANCE) as worker:
        load(worker, add_request(), 8, CALLS // 3)
        for _ in range(3):
            alone.append(load(worker, add_request(), 8, CALLS))
            with contextlib.ExitStack() as held:
                open_idle(worker, 300, held)
                accompanied.append(load(worker, add_request(), 8, CALLS))
    rates = [max(rate for rate, _ in measured) for measured in (alone, accompanied)]
    cpu = [min(us for _, us in measured) for measured in (alone, accompanied)]
    print(f"8 busy: {rates[0]:.0f}/s, {cpu[0]:.2f} us; beside 300 idle: {rates[1]:.0f}/s, {cpu[1]:.2f} us")
    assert cpu[1] < 1.25 * cpu[0]
    assert rates[1] > 0.6 * rates[0]


run(ten_thousand_connections, idle_ones_beside_busy_ones)
