#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz/fuzz_bind.c: streams of one column `v` for every shape a struct member can have.

Usage: make_corpus_bind.py DIRECTORY (needs pyarrow)
"""
import datetime
import decimal
import pathlib
import sys

import pyarrow as pa

POINT = pa.struct([pa.field("x", pa.float64(), nullable=False), pa.field("y", pa.float64(), nullable=False)])
STATUS = pa.dictionary(pa.int16(), pa.string())
DEEP = [("at", POINT), ("maybe", POINT), ("label", pa.string()), ("map", pa.map_(pa.string(), pa.int64())),
        ("state", STATUS)]
DEEP_ROW = {"at": {"x": 1.0, "y": 2.0}, "maybe": None, "label": "text", "map": [("k", 1)], "state": "CLOSED"}


def stream(batch, options=None):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def column(values, kind):
    return pa.record_batch([pa.array(values, kind)], names=["v"])


def columns():
    deep = pa.RecordBatch.from_pylist([DEEP_ROW], schema=pa.schema(DEEP))
    stamp = datetime.datetime(2024, 2, 29, 12, 34, 56, 789)
    yield "deep", deep
    yield "deep_struct", column([DEEP_ROW, None], pa.struct(DEEP))
    yield "deep_blob", column([stream(deep)], pa.binary())
    yield "batch", column([stream(column([1, 2], pa.int64()))], pa.binary())
    yield "schema", column([deep.schema.serialize().to_pybytes()], pa.binary())
    yield "bool", column([True, None], pa.bool_())
    for kind in (pa.int8(), pa.uint16(), pa.int32(), pa.int64(), pa.uint64(), pa.float32(), pa.float64()):
        yield str(kind), column([1, 100, None], kind)
    yield "half", column([1.5, -0.0], pa.float16())
    yield "date32", column([stamp.date()], pa.date32())
    yield "date64", column([stamp.date()], pa.date64())
    yield "time32", column([1000], pa.time32("ms"))
    yield "time64", column([1000], pa.time64("us"))
    yield "timestamp", column([stamp], pa.timestamp("us", "UTC"))
    yield "timestamp_s", column([5], pa.timestamp("s", "+02:00"))
    yield "duration", column([-5], pa.duration("ms"))
    yield "interval", column([(1, 2, 3)], pa.month_day_nano_interval())
    yield "decimal128", column([decimal.Decimal("123.4500")], pa.decimal128(20, 4))
    yield "decimal256", column([decimal.Decimal("-1E-10")], pa.decimal256(70, 10))
    yield "null", column([None, None], pa.null())
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        yield str(kind), column(["ACTIVE", None, "longer than twelve bytes"], kind)
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(8)):
        yield str(kind).replace("[", "_").replace("]", ""), column([b"01234567", None], kind)
    yield "dictionary", column(["ACTIVE", "CLOSED", "ACTIVE"], STATUS)
    yield "runs", pa.record_batch([pa.RunEndEncodedArray.from_arrays(pa.array([2, 5], pa.int32()), [7, None])],
                                  names=["v"])
    for kind in (pa.list_, pa.large_list, pa.list_view):
        name = kind.__name__.strip("_")
        yield name, column([[1, None, 3], []], kind(pa.int64()))
        yield name + "_bool", column([[True, False]], kind(pa.bool_()))
    yield "vector", column([[1.0, 2.0]], pa.list_(pa.float64(), 2))
    yield "list_str", column([["a", "", None]], pa.list_(STATUS))
    yield "list_list", column([[[1], [], [2, 3]]], pa.list_(pa.list_(pa.int64())))
    yield "list_struct", column([[{"x": 1.0, "y": 2.0}]], pa.list_(POINT))
    yield "map", column([[("k", 1), ("j", None)]], pa.map_(pa.string(), pa.int64()))
    yield "map_int", column([[(1, "a")]], pa.map_(pa.int32(), pa.string()))
    kinds, children = pa.array([5, 7], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]
    yield "union", pa.record_batch([pa.UnionArray.from_sparse(kinds, children, ["i", "s"], [5, 7])], names=["v"])


directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)
for name, batch in columns():
    (directory / name).write_bytes(stream(batch))
    if name in ("deep", "list", "string"):
        for codec in ("lz4", "zstd"):
            options = pa.ipc.IpcWriteOptions(compression=codec)
            (directory / f"{name}_{codec}").write_bytes(stream(batch, options))
