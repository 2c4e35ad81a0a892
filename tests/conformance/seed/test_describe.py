# SPDX-License-Identifier: Apache-2.0
"""`__describe__` as the worker itself answers it; the suite's own class asks a Python server."""

from __future__ import annotations

import socket

import pytest
from vgi_rpc.conformance import run_describe_conformance
from vgi_rpc.http import http_introspect
from vgi_rpc.introspect import DESCRIBE_VERSION, ServiceDescription, introspect
from vgi_rpc.rpc import SubprocessTransport, UnixTransport
from worker import command

pytestmark = pytest.mark.timeout(10)


@pytest.fixture(params=["pipe", "unix"])
def transport(request: pytest.FixtureRequest):
    if request.param == "pipe":
        made = SubprocessTransport(command())
    else:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(request.getfixturevalue("unix_path"))
        made = UnixTransport(connection)
    yield made
    made.close()


def _check(description: ServiceDescription) -> None:
    assert description.protocol_name == "ConformanceService"
    assert description.describe_version == DESCRIBE_VERSION
    assert len(description.methods) == 76
    outcome = run_describe_conformance(description)
    assert outcome.success, [f"{r.name}: {r.error}" for r in outcome.results if not r.passed]


def test_describe(transport) -> None:
    _check(introspect(transport))


def test_describe_over_http(conformance_http_port: int) -> None:
    _check(http_introspect(f"http://127.0.0.1:{conformance_http_port}"))
