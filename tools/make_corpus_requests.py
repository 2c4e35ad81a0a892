#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_request: connections as clients of both wire epochs send them.

Needs pyarrow. With a vgi_rpc package installed, what its own client sends for each call is
recorded as well, under the name of its version.
"""
import io
import sys
from pathlib import Path

import pyarrow as pa

POINT = pa.schema([pa.field("x", pa.float64(), False), pa.field("y", pa.float64(), False)])
EVERYTHING = pa.schema(
    [
        pa.field("a", pa.float64(), False),
        pa.field("text", pa.utf8(), False),
        pa.field("maybe", pa.int64()),
        pa.field("numbers", pa.list_(pa.int64()), False),
        pa.field("c", pa.dictionary(pa.int16(), pa.utf8()), False),
        pa.field("p", pa.binary(), False),
    ]
)
PAIR = pa.schema([pa.field("a", pa.float64(), False), pa.field("b", pa.float64(), False)])
COUNT = pa.schema([pa.field("count", pa.int64(), False)])
VALUE = pa.schema([pa.field("value", pa.float64(), False)])
EMPTY = pa.schema([])


def stream(schema, *batches):
    """One IPC stream of (rows, metadata) batches."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for rows, metadata in batches:
            if len(schema) == 0:
                batch = pa.RecordBatch.from_arrays([], schema=schema)
            else:
                batch = pa.RecordBatch.from_pylist(rows, schema=schema)
            writer.write_batch(batch, custom_metadata=metadata or None)
    return sink.getvalue()


def request(epoch, method, schema, rows, **more):
    metadata = {"vgi_rpc.method": method, "vgi_rpc.request_version": "1"}
    if epoch == "current":
        metadata |= {"vgi_rpc.protocol": "Fuzz", "vgi_rpc.protocol_version": "1.0.0"}
    return stream(schema, (rows, metadata | more))


def ticks(n, metadata=None):
    return stream(EMPTY, *[([], metadata)] * n)


def seeds(epoch):
    point = stream(POINT, ([{"x": 1.0, "y": 2.0}], None))
    everything = {"a": 1.5, "text": "grüß", "maybe": None, "numbers": [1, 2, 3], "c": "GREEN", "p": point}
    add = request(epoch, "add", PAIR, [{"a": 1.0, "b": 2.0}])
    yield "add", add
    yield "add_twice", add + add
    yield "take", request(epoch, "take", EVERYTHING, [everything])
    yield "count", request(epoch, "count", COUNT, [{"count": 2}]) + ticks(3) + add
    yield "cancel", request(epoch, "count", COUNT, [{"count": 9}]) + stream(
        EMPTY, ([], None), ([], {"vgi_rpc.cancel": "1"})
    )
    yield "titled", request(epoch, "titled", COUNT, [{"count": 1}]) + ticks(2, {"k": "v"})
    yield "open_fails", request(epoch, "titled", COUNT, [{"count": -1}]) + ticks(0) + add
    yield "scale", request(epoch, "scale", VALUE, [{"value": 2.0}]) + stream(
        VALUE, ([{"value": 1.0}, {"value": 2.0}], None), ([], None)
    )
    yield "scale_cast", request(epoch, "scale", VALUE, [{"value": 2.0}]) + stream(
        pa.schema([("value", pa.int32())]), ([{"value": 7}], None)
    )
    yield "unknown", request(epoch, "nothing", EMPTY, []) + add
    yield "two_rows", request(epoch, "add", PAIR, [{"a": 1.0, "b": 2.0}] * 2) + add
    yield "describe", stream(
        EMPTY, ([], {"vgi_rpc.method": "__describe__", "vgi_rpc.request_version": "1"})
    )


class Recorder(io.RawIOBase):
    """A transport's writer that keeps what the client writes; its reader has nothing to say."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


def recorded():
    """What the installed reference client sends for a call of the same names."""
    try:
        from importlib.metadata import version
        from typing import Protocol
        from vgi_rpc.rpc import RpcConnection
    except ImportError:
        return

    class Fuzz(Protocol):
        protocol_version = "1.0.0"

        def add(self, a: float, b: float) -> float: ...

    class Transport:
        reader = io.BytesIO()
        writer = Recorder()

        def close(self):
            pass

    transport = Transport()
    try:
        with RpcConnection(Fuzz, transport) as proxy:
            proxy.add(a=1.0, b=2.0)
    except Exception:  # the answer is missing: the request is what counts
        pass
    yield f"client_{version('vgi-rpc')}", bytes(transport.writer.bytes)


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "fuzz/corpus/request")
    out.mkdir(parents=True, exist_ok=True)
    for epoch in ("seed", "current"):
        for name, data in seeds(epoch):
            (out / f"{epoch}_{name}").write_bytes(data)
    for name, data in recorded():
        if data:
            (out / name).write_bytes(data)
    (out / "text").write_bytes(b"GET / H")


if __name__ == "__main__":
    main()
