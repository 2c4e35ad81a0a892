# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the 0.15.0 suite: the reference client on every byte stream of our worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from vgi_rpc.conformance import ConformanceService
from vgi_rpc.rpc import SubprocessTransport, _RpcProxy, connect, unix_connect
from worker import chosen_legs, command, unix_server

Connect = Callable[..., contextlib.AbstractContextManager[Any]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep our own tests, and those of the suite that talk to a worker over a byte stream."""
    ours = [i for i in items if i.path.name != "test_suite.py" or "conformance_conn" in i.fixturenames]
    config.hook.pytest_deselected(items=[i for i in items if i not in ours])
    items[:] = ours


@pytest.fixture(scope="session")
def subprocess_transport() -> Iterator[SubprocessTransport]:
    transport = SubprocessTransport(command())
    yield transport
    transport.close()


@pytest.fixture(scope="session")
def unix_path() -> Iterator[str]:
    with unix_server() as path:
        yield path


@pytest.fixture(scope="session")
def unix_threaded_path() -> Iterator[str]:
    with unix_server("--threaded") as path:
        yield path


@pytest.fixture(params=chosen_legs())
def conformance_conn(request: pytest.FixtureRequest) -> Connect:
    """What the suite calls to get a proxy: `with conformance_conn(on_log) as proxy`."""
    leg = request.param
    if leg == "pipe":
        return lambda on_log=None: connect(ConformanceService, command(), on_log=on_log)
    if leg == "subprocess":
        transport = request.getfixturevalue("subprocess_transport")
        return lambda on_log=None: contextlib.nullcontext(_RpcProxy(ConformanceService, transport, on_log))
    path = request.getfixturevalue(f"{leg}_path")
    return lambda on_log=None: unix_connect(ConformanceService, path, on_log=on_log)
