# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the 0.15.0 suite: the reference client on every transport of our worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import fleet
import pytest
from vgi_rpc.conformance import ConformanceService
from vgi_rpc.conformance.fake_storage import serve_in_thread
from vgi_rpc.external import ExternalLocationConfig
from vgi_rpc.http import http_connect
from vgi_rpc.rpc import ShmPipeTransport, SubprocessTransport, _RpcProxy, connect, unix_connect
from vgi_rpc.shm import ShmSegment
from worker import BYTE_STREAMS, chosen_legs, command, http_server, unix_server

Connect = Callable[..., contextlib.AbstractContextManager[Any]]

# One worker; two of ours that have one key; one of ours and one of the reference; two of
# ours with sealed tokens. With several, each request goes to another one.
HTTP_LEGS = ("http", "http_roundrobin", "http_mixed", "http_sealed", "http_externalize_always")
# Pipes with a segment beside them: as ever, and with everything in it that has rows.
SHM_LEGS = ("shm_pipe", "shm_always")
SHM_BYTES = 4 << 20
# Every answer with rows goes by way of a store: over HTTP, and on a socket.
STORE_LEGS = ("http_externalize_always", "unix_externalize_always")
LEGS = chosen_legs((*BYTE_STREAMS, *SHM_LEGS, *HTTP_LEGS, "unix_externalize_always"))

# What the suite asks for beside a connection.
HTTP_FIXTURES = {
    "conformance_http_port",
    "conformance_http_auth_port",
    "conformance_http_strict_cap_port",
    "conformance_http_with_storage_port",
    "conformance_http_with_zstd_storage_port",
}
CAP = str(1 << 20)
ANY_URL = ExternalLocationConfig(url_validator=None)


def _wanted(item: pytest.Item) -> bool:
    """Our own tests, and those of the suite that talk to a worker; of HTTP and of shared memory if a leg was chosen."""
    if item.path.name == "test_suite.py" and not {"conformance_conn", *HTTP_FIXTURES} & set(item.fixturenames):
        return False
    if "shm_link" in item.fixturenames and not set(LEGS) & set(SHM_LEGS):
        return False
    return not any("http" in name for name in item.fixturenames) or bool(set(LEGS) & set(HTTP_LEGS))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[i for i in items if not _wanted(i)])
    items[:] = [i for i in items if _wanted(i)]


# ---- servers ----


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


@pytest.fixture(scope="session")
def conformance_http_port() -> Iterator[int]:
    with http_server() as port:
        yield port


@pytest.fixture(scope="session")
def conformance_http_auth_port() -> Iterator[int]:
    with http_server("--auth-reject-all") as port:
        yield port


@pytest.fixture(scope="session")
def conformance_http_strict_cap_port() -> Iterator[int]:
    with http_server("--max-response-bytes", CAP, "--max-externalized-response-bytes", CAP) as port:
        yield port


@pytest.fixture(scope="session")
def conformance_fake_storage() -> Iterator[str]:
    url, stop = serve_in_thread()
    yield url
    stop()


def _storage_server(url: str, *options: str) -> contextlib.AbstractContextManager[int]:
    return http_server("--fake-storage", url, "--externalize-threshold", *options)


@pytest.fixture(scope="session")
def conformance_http_with_storage_port(conformance_fake_storage: str) -> Iterator[int]:
    with _storage_server(conformance_fake_storage, "4096") as port:
        yield port


@pytest.fixture(scope="session")
def conformance_http_with_zstd_storage_port(conformance_fake_storage: str) -> Iterator[int]:
    with _storage_server(conformance_fake_storage, "4096", "--compression", "zstd") as port:
        yield port


@pytest.fixture(scope="session")
def http_externalize_always_port(conformance_fake_storage: str) -> Iterator[int]:
    with _storage_server(conformance_fake_storage, "1", "--max-request-bytes", CAP) as port:
        yield port


@pytest.fixture(scope="session")
def unix_externalize_always_path(conformance_fake_storage: str) -> Iterator[str]:
    with unix_server("--threaded", "--fake-storage", conformance_fake_storage, "--externalize-threshold", "1") as path:
        yield path


@pytest.fixture(scope="session")
def http_roundrobin_ports() -> Iterator[fleet.Ports]:
    with fleet.two_workers() as ports:
        yield ports


@pytest.fixture(scope="session")
def http_mixed_ports() -> Iterator[fleet.Ports]:
    with fleet.two_workers(other=fleet.REFERENCE) as ports:
        yield ports


@pytest.fixture(scope="session")
def http_sealed_ports() -> Iterator[fleet.Ports]:
    with fleet.two_workers("--token-format", "sealed") as ports:
        yield ports


# ---- connections ----


@contextlib.contextmanager
def shm_connect(on_log: Callable[..., None] | None, environment: dict[str, str]) -> Iterator[Any]:
    segment = ShmSegment.create(SHM_BYTES)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        worker = SubprocessTransport(command())
    try:
        yield _RpcProxy(ConformanceService, ShmPipeTransport(worker, segment), on_log)
    finally:
        worker.close()
        segment.unlink()
        with contextlib.suppress(BufferError):  # somebody still looks at an answer
            segment.close()


@pytest.fixture(params=LEGS)
def conformance_conn(request: pytest.FixtureRequest) -> Connect:
    """What the suite calls to get a proxy: `with conformance_conn(on_log) as proxy`."""
    leg = request.param
    if leg == "pipe":
        return lambda on_log=None: connect(ConformanceService, command(), on_log=on_log)
    if leg == "subprocess":
        transport = request.getfixturevalue("subprocess_transport")
        return lambda on_log=None: contextlib.nullcontext(_RpcProxy(ConformanceService, transport, on_log))
    if leg in SHM_LEGS:
        environment = {"VGI_RPC_SHM_MIN_BATCH_BYTES": "0"} if leg == "shm_always" else {}
        return lambda on_log=None: shm_connect(on_log, environment)
    if leg == "http":
        url = f"http://127.0.0.1:{request.getfixturevalue('conformance_http_port')}"
        return lambda on_log=None: http_connect(ConformanceService, url, on_log=on_log)
    if leg == "http_externalize_always":
        url = f"http://127.0.0.1:{request.getfixturevalue('http_externalize_always_port')}"
        return lambda on_log=None: http_connect(ConformanceService, url, on_log=on_log, external_location=ANY_URL)
    if leg in HTTP_LEGS:
        ports = request.getfixturevalue(f"{leg}_ports")
        return lambda on_log=None: fleet.dial(ports, on_log)
    path = request.getfixturevalue(f"{leg}_path")
    external = ANY_URL if leg in STORE_LEGS else None
    return lambda on_log=None: unix_connect(ConformanceService, path, on_log=on_log, external_location=external)
