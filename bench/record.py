# SPDX-License-Identifier: Apache-2.0
"""Record what the reference client sends, once, into payloads/.

    PYTHON bench/record.py {seed|current}

PYTHON has release 0.15.0 or 0.52.2 of the reference. A unary call becomes
NAME.request; a stream NAME.open (request and input schema) and NAME.tick.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
from vgi_rpc.conformance import ConformanceService
from vgi_rpc.rpc import AnnotatedBatch, RpcError, SubprocessTransport, _RpcProxy

FOLDER = Path(__file__).parent / "payloads" / sys.argv[1]
SERVER = [str(Path(sys.executable).parent / "vgi-rpc-conformance"), "--pipe"]
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

    def __init__(self) -> None:
        self.transport = SubprocessTransport(SERVER)
        self.writer = Recorder(self.transport.writer)
        self.reader = self.transport.reader
        self.proxy = _RpcProxy(ConformanceService, self, None)

    def close(self) -> None:
        self.transport.close()


def message_ends(data: bytes) -> list[tuple[int, bool]]:
    """Where each IPC message ends, and whether it is an end-of-stream marker."""
    ends, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 4)
        at += 8
        if size:
            message = pa.ipc.read_message(pa.py_buffer(data[at - 8 :]))
            at += size + (message.body.size if message.body is not None else 0)
        ends.append((at, size == 0))
    return ends


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


def stream(name: str, method: str, turn: Any, **arguments: Any) -> None:
    recording = Recording()
    session = getattr(recording.proxy, method)(**arguments)
    turn(session)
    turn(session)
    data = bytes(recording.writer.seen)
    ends = message_ends(data)
    request = max(i for i, (_, last) in enumerate(ends) if last)
    opening, first, second = (ends[request + i][0] for i in (1, 2, 3))
    assert data[opening:first] == data[first:second], "turns differ"
    save(f"{name}.open", data[:opening])
    save(f"{name}.tick", data[opening:first])
    session.cancel()
    recording.close()


def one_row(session: Any) -> None:
    session.exchange(AnnotatedBatch.from_pydict({"value": [1.5]}))


unary("void", "void_noop")
unary("add", "add_floats", a=1.5, b=2.25)
unary("echo1K", "echo_bytes", data=b"x" * 1024)
unary("raise", "raise_value_error", message="as asked")
stream("producer1row", "produce_n", lambda s: s.tick(), count=ENDLESS)
stream("producer512K", "produce_large_batches", lambda s: s.tick(), rows_per_batch=32768, batch_count=ENDLESS)
stream("exchange1row", "exchange_scale", one_row, factor=2.0)
