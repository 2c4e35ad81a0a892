#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slow handlers do not slow fast ones down.

    tests/http/isolation.py [BUILD]

6 clients are in a handler that sleeps 200 ms, again and again; 8 fast ones keep at least
half of their rate, whether the threads are there already or have to be started.
"""

import threading
import time

from support import NAPPING, Worker, add_request, ask, load, nap_request, run

NAP_MS = 200
NAPPERS = 6
CALLS = 30_000


class Nappers:
    """Clients that are always in the slow handler, while the block runs."""

    def __init__(self, worker):
        self.worker, self.naps, self.over = worker, 0, False
        self.threads = [threading.Thread(target=self._nap) for _ in range(NAPPERS)]

    def _nap(self):
        with self.worker.connect() as s:
            while not self.over:
                if ask(s, nap_request()) != 200:
                    return
                self.naps += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()


def fast_ones_keep_their_rate(*options, started_for_it=False):
    with Worker(NAPPING, *options, NAP_MS=NAP_MS) as worker:
        before = worker.threads()
        load(worker, add_request(), 8, CALLS // 3)
        shares = []
        for _ in range(3):
            alone, _cpu = load(worker, add_request(), 8, CALLS)
            started = time.monotonic()
            with Nappers(worker) as nappers:
                disturbed, _cpu = load(worker, add_request(), 8, CALLS)
            least = int((time.monotonic() - started) * 1000 / (NAP_MS * 2)) * NAPPERS
            assert nappers.naps >= least, f"{nappers.naps} naps, not {least}"
            shares.append(disturbed / alone)
        threads = worker.threads()
        print(f"{' '.join(options)}: 8 fast clients keep {', '.join(f'{share:.0%}' for share in shares)} of their rate")
        assert max(shares) >= 0.5
        if started_for_it:
            assert threads > before, f"{threads} threads, {before} before"
            until = time.monotonic() + 20
            while worker.threads() > before and time.monotonic() < until:
                time.sleep(0.2)
        assert worker.threads() <= before


def with_enough_threads():
    fast_ones_keep_their_rate("--threads", "16")


def with_threads_that_have_to_be_started():
    fast_ones_keep_their_rate("--threads", "2", started_for_it=True)


def at_the_cap_they_wait_but_are_served():
    with Worker(NAPPING, "--threads", "2", "--max-threads", "2", NAP_MS=50) as worker:
        with Nappers(worker), worker.connect() as s:
            for _ in range(5):
                assert ask(s, add_request()) == 200


run(with_enough_threads, with_threads_that_have_to_be_started, at_the_cap_they_wait_but_are_served)
