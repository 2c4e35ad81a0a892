# SPDX-License-Identifier: Apache-2.0
"""Record what the reference client sends, once, into payloads/.

    PYTHON bench/record.py {seed|current}

PYTHON has release 0.15.0 or 0.52.2 of the reference. A unary call becomes
NAME.request; a stream NAME.open (request and input schema), NAME.tick and, for
HTTP, NAME.turn: the body of a continuation, with the tokens of that day. With a
segment of shared memory, they name that segment and a place in it.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ipc

os.environ["VGI_RPC_SHM_MIN_BATCH_BYTES"] = "0"  # of an input
import vgi_rpc.http._client as http
from vgi_rpc.conformance import ConformanceService
from vgi_rpc.http import http_connect
from vgi_rpc.rpc import AnnotatedBatch, RpcError, SubprocessTransport, _RpcProxy
from vgi_rpc.shm import ShmSegment

FOLDER = Path(__file__).parent / "payloads" / sys.argv[1]
SERVER = [str(Path(sys.executable).parent / "vgi-rpc-conformance"), "--pipe"]
HTTP_SERVER = [sys.executable, str(Path(__file__).parent / "reference_worker.py"), "--http"]
ENDLESS = 1 << 40


class Recorder:
    """A writer that keeps a copy."""

    def __init__(self, writer: Any) -> None:
        self.writer, self.seen = writer, bytearray()

    def write(self, data: Any) -> int:
        self.seen += memoryview(data).cast("B")
        return self.writer.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.writer, name)


class Recording:
    """A transport to the reference worker whose requests are recorded."""

    def __init__(self, segment: ShmSegment | None = None) -> None:
        self.transport = SubprocessTransport(SERVER)
        self.shm = segment
        self.writer = Recorder(self.transport.writer)
        self.reader = self.transport.reader
        self.proxy = _RpcProxy(ConformanceService, self, None)

    def close(self) -> None:
        self.transport.close()


def save(name: str, data: bytes) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_bytes(data)
    print(f"{len(data):6} {name}")


def unary(name: str, method: str, **arguments: Any) -> None:
    recording = Recording()
    try:
        getattr(recording.proxy, method)(**arguments)
    except RpcError as error:
        print(f"       {error}")
    save(f"{name}.request", bytes(recording.writer.seen))
    recording.close()


def opened(name: str, method: str, turn: Any, arguments: dict[str, Any], segment: ShmSegment | None = None) -> None:
    """How a stream is opened, and a turn."""
    recording = Recording(segment)
    session = getattr(recording.proxy, method)(**arguments)
    turn(session)
    turn(session)
    data = bytes(recording.writer.seen)
    messages = list(ipc.messages(data))
    ends = [i for i, message in enumerate(messages) if not message.metadata]
    begin = messages[ends[-2]].end if len(ends) > 1 else 0  # another request may ask what the server can do
    opening, first, second = (messages[ends[-1] + i].end for i in (1, 2, 3))
    assert segment or data[opening:first] == data[first:second], "turns differ"
    save(f"{name}.open", data[begin:opening])
    save(f"{name}.tick", data[opening:first])
    session.cancel()
    recording.close()


def shared(name: str, method: str, turn: Any, **arguments: Any) -> None:
    segment = ShmSegment.create(64 << 20)
    try:
        opened(name, method, turn, arguments, segment)
    finally:
        segment.unlink()


def stream(name: str, method: str, turn: Any, **arguments: Any) -> None:
    opened(name, method, turn, arguments)
    save(f"{name}.turn", last_exchange(method, turn, arguments))


def last_exchange(method: str, turn: Any, arguments: dict[str, Any]) -> bytes:
    """The body that the client posts for a turn over HTTP."""
    posted = []
    client = (getattr(http, "httpx", None) or http.httpx2).Client
    build = client.build_request

    def keep(self: Any, method: str, url: Any, **options: Any) -> Any:
        if str(url).endswith("/exchange"):
            posted.append(options["content"])
        return build(self, method, url, **options)

    client.build_request = keep
    with subprocess.Popen(HTTP_SERVER, stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().strip().removeprefix("PORT:")
        with http_connect(ConformanceService, f"http://127.0.0.1:{port}", compression_level=None) as proxy:
            session = getattr(proxy, method)(**arguments)
            if turn is one_row:
                turn(session)
                turn(session)
            else:
                list(itertools.islice(session, 3))
        server.kill()
    client.build_request = build
    return posted[-1]


def one_row(session: Any) -> None:
    session.exchange(AnnotatedBatch.from_pydict({"value": [1.5]}))


unary("void", "void_noop")
unary("add", "add_floats", a=1.5, b=2.25)
unary("echo1K", "echo_bytes", data=b"x" * 1024)
unary("raise", "raise_value_error", message="as asked")
stream("producer1row", "produce_n", lambda s: s.tick(), count=ENDLESS)
stream("producer512K", "produce_large_batches", lambda s: s.tick(), rows_per_batch=32768, batch_count=ENDLESS)
stream("exchange1row", "exchange_scale", one_row, factor=2.0)
shared("producer512K-shm", "produce_large_batches", lambda s: s.tick().release(), rows_per_batch=32768,
       batch_count=ENDLESS)
shared("exchange1row-shm", "exchange_scale", one_row, factor=2.0)
