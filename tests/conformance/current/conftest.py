# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the 0.52.2 suite: the current client on the byte streams of the same worker.

The worker serves the 76 methods of release 0.15.0 to clients of both wire
epochs. Tests of anything else that 0.52.2 knows are deselected here, by the
names that they use; the suite itself is not touched.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from vgi_rpc.conformance import ConformanceService
from vgi_rpc.rpc import SubprocessTransport, _RpcProxy, connect, unix_connect
from worker import chosen_legs, command, unix_server

Connect = Callable[..., contextlib.AbstractContextManager[Any]]

# What the worker does not have, as the tests spell it.
ABSENT = {
    # sticky sessions
    "close_counter",
    "exchange_session_counter",
    "increment_counter",
    "open_counter",
    "stream_session_counter",
    # further shapes of unary parameters and results
    "echo_annotated_optional_int",
    "echo_optional_point",
    "echo_outer_optional_non_null",
    "echo_status_list",
    "pack_nested_containers",
    # further stream methods
    "exchange_input_metadata",
    "produce_annotated_batches",
    "produce_tick_metadata",
    # external locations
    "published_string",
    # the protocols conformance.Secondary.v1 and vgi_rpc.Reflection.v1
    "Secondary",
    "SecondaryProbe",
    "Reflection",
    "list_protocols",
    # the fixture that asks for reflection
    "conformance_describe",
}


def _names(item: pytest.Item) -> set[str]:
    """Every name, attribute and argument that occurs in the source of a test."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(item.function)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _is_ours(item: pytest.Item) -> bool:
    if item.path.name != "test_suite.py":
        return True
    byte_stream = {"conformance_conn", "conformance_raw_conn"} & set(item.fixturenames)
    return bool(byte_stream) and not _names(item) & ABSENT


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[i for i in items if not _is_ours(i)])
    items[:] = [i for i in items if _is_ours(i)]


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


def _dial(request: pytest.FixtureRequest, leg: str, protocol: type, on_log: Any) -> contextlib.AbstractContextManager:
    if leg == "pipe":
        return connect(protocol, command(), on_log=on_log)
    if leg == "subprocess":
        transport = request.getfixturevalue("subprocess_transport")
        return contextlib.nullcontext(_RpcProxy(protocol, transport, on_log))
    return unix_connect(protocol, request.getfixturevalue(f"{leg}_path"), on_log=on_log)


@pytest.fixture(params=chosen_legs())
def conformance_conn(request: pytest.FixtureRequest) -> Connect:
    if request.param != "pipe":  # starting the server is no part of a test's time
        request.getfixturevalue("subprocess_transport" if request.param == "subprocess" else f"{request.param}_path")
    return lambda on_log=None: _dial(request, request.param, ConformanceService, on_log)


# The same, under the name by which the suite asks for a connection it may write raw bytes to.
conformance_raw_conn = conformance_conn


@pytest.fixture(scope="session")
def conformance_protocol_connector(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return lambda leg, protocol, on_log=None: _dial(request, leg, protocol, on_log)
