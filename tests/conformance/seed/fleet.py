# SPDX-License-Identifier: Apache-2.0
"""Several workers that have one key, and a client that goes to each of them in turn."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from vgi_rpc.conformance import ConformanceService
from vgi_rpc.http import http_connect
from worker import http_server

Ports = Sequence[int]
REFERENCE = [sys.executable, str(Path(__file__).with_name("reference_worker.py"))]


class InTurn(httpx.BaseTransport):
    """Sends every request to another port than the one before it."""

    def __init__(self, ports: Ports) -> None:
        self._ports = itertools.cycle(ports)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=next(self._ports))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


@contextlib.contextmanager
def two_workers(*flags: str, other: list[str] | None = None) -> Iterator[Ports]:
    """Run our worker twice, or once beside `other`; they count cancels in one file."""
    key = ("--token-key", secrets.token_hex(32))
    with tempfile.TemporaryDirectory(prefix="vgirpc-") as folder:
        env = {"VGI_RPC_CONFORMANCE_PROBE_FILE": f"{folder}/probe.json"}
        with (
            http_server(*key, *flags, env=env) as first,
            http_server(*key, *flags, argv=other, env=env) as second,
        ):
            yield first, second


@contextlib.contextmanager
def dial(ports: Ports, on_log: Any = None) -> Iterator[Any]:
    with (
        httpx.Client(base_url="http://127.0.0.1", transport=InTurn(ports)) as client,
        http_connect(ConformanceService, client=client, on_log=on_log) as proxy,
    ):
        yield proxy
