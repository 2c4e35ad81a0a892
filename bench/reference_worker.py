# SPDX-License-Identifier: Apache-2.0
"""The measured methods on the Python reference, with next to nothing in them.

    PYTHON bench/reference_worker.py [--unix PATH | --http]

PYTHON has release 0.15.0 or 0.52.2 of the reference.
"""

from __future__ import annotations

import functools
import inspect
import sys
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from vgi_rpc.rpc import ExchangeState, ProducerState, RpcServer, Stream, serve_stdio, serve_unix

COUNTED = pa.schema([("index", pa.int64()), ("value", pa.int64())])
VALUES = pa.schema([("value", pa.float64())])


@functools.cache
def numbers(rows: int) -> pa.RecordBatch:
    index = pa.array(range(rows), pa.int64())
    return pa.record_batch([index, pc.multiply(index, 10)], schema=COUNTED)


@dataclass
class Rows(ProducerState):
    rows: int

    def produce(self, out, ctx) -> None:
        out.emit(numbers(self.rows))


@dataclass
class Scale(ExchangeState):
    factor: float

    def exchange(self, input, out, ctx) -> None:
        out.emit_arrays([pc.multiply(input.batch.column("value"), self.factor)])


class ConformanceService(Protocol):
    protocol_version: ClassVar[str] = "2.0.0"

    def void_noop(self) -> None: ...
    def add_floats(self, a: float, b: float) -> float: ...
    def echo_bytes(self, data: bytes) -> bytes: ...
    def produce_n(self, count: int) -> Stream[ProducerState]: ...
    def produce_large_batches(self, rows_per_batch: int, batch_count: int) -> Stream[ProducerState]: ...
    def exchange_scale(self, factor: float) -> Stream[ExchangeState]: ...


class Service:
    def void_noop(self) -> None:
        return

    def add_floats(self, a: float, b: float) -> float:
        return a + b

    def echo_bytes(self, data: bytes) -> bytes:
        return data

    def produce_n(self, count: int) -> Stream[Rows]:
        return Stream(output_schema=COUNTED, state=Rows(1))

    def produce_large_batches(self, rows_per_batch: int, batch_count: int) -> Stream[Rows]:
        return Stream(output_schema=COUNTED, state=Rows(rows_per_batch))

    def exchange_scale(self, factor: float) -> Stream[Scale]:
        return Stream(output_schema=VALUES, state=Scale(factor), input_schema=VALUES)


def announce(path: str) -> None:
    print(f"UNIX:{path}", flush=True)


def main() -> None:
    if "on_bound" not in inspect.signature(serve_unix).parameters:  # 0.15.0 has no version gate either
        del ConformanceService.protocol_version
    server = RpcServer(ConformanceService, Service())
    if len(sys.argv) < 2:
        serve_stdio(server)
    elif sys.argv[1] == "--http":
        from vgi_rpc.http import serve_http

        serve_http(server)
    elif hasattr(ConformanceService, "protocol_version"):
        serve_unix(server, sys.argv[2], on_bound=announce)
    else:
        announce(sys.argv[2])
        serve_unix(server, sys.argv[2])


main()
