#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record Arrow IPC streams from pyarrow, and what is in them, for tests/unit/arrow/test_golden.c.

Usage: make_golden.py DIRECTORY

Each NAME.arrows gets a NAME.json: first the names of the columns and whether they are nullable, then a
line per batch with its rows, metadata and columns. Values are written by storage, so that nothing depends on how a
language prints a decimal or a date:

  integers, dates, times, timestamps, durations   numbers
  floats, decimals, intervals                     hexadecimal text of their little-endian bytes
  text                                            JSON strings
  binary                                          hexadecimal text
  lists, structs, maps                            arrays of their values
  unions                                          [type id, value]
  dictionary and run-end encoded                  the value itself
"""
import decimal
import json
import pathlib
import struct
import sys

import pyarrow as pa

FLOATS = {pa.float16(): "<e", pa.float32(): "<f", pa.float64(): "<d"}


def decimal_hex(value, kind):
    with decimal.localcontext() as context:
        context.prec = 100
        unscaled = int(value.scaleb(kind.scale))
    return unscaled.to_bytes(kind.byte_width, "little", signed=True).hex()


def storage(kind):
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def render_union(array, kind, row):
    code = array.type_codes[row].as_py()
    child = kind.type_codes.index(code)
    at = array.offsets[row].as_py() if kind.mode == "dense" else row
    return [code, render(array.field(child), at)]


def render_nested(array, kind, row):
    if pa.types.is_struct(kind):
        return [render(array.field(i), row) for i in range(kind.num_fields)]
    if pa.types.is_map(kind):
        items = array.slice(row, 1)
        keys, values = items.keys, items.items
        first, end = items.offsets[0].as_py(), items.offsets[1].as_py()
        return [[render(keys, i), render(values, i)] for i in range(first, end)]
    items = array[row].values
    return [render(items, i) for i in range(len(items))]


def render(array, row):
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return render(array.storage, row)
    if pa.types.is_union(kind):
        return render_union(array, kind, row)
    if pa.types.is_run_end_encoded(kind):
        return render(array.values, next(i for i, e in enumerate(array.run_ends) if e.as_py() > row))
    if not array[row].is_valid:
        return None
    if pa.types.is_dictionary(kind):
        return render(array.dictionary, array.indices[row].as_py())
    if kind in FLOATS:
        return struct.pack(FLOATS[kind], float(array[row].as_py())).hex()
    if pa.types.is_decimal(kind):
        return decimal_hex(array[row].as_py(), kind)
    if pa.types.is_interval(kind):
        return struct.pack("<iiq", *array[row].as_py()).hex()
    if pa.types.is_temporal(kind):
        width = pa.int32() if kind.bit_width == 32 else pa.int64()
        return array.view(width)[row].as_py()
    if pa.types.is_nested(kind):
        return render_nested(array, kind, row)
    value = array[row].as_py()
    return value.hex() if isinstance(value, bytes) else value


def describe(batch, metadata):
    pairs = [[k.decode(), v.decode()] for k, v in (metadata or {}).items()]
    columns = [[render(c, i) for i in range(batch.num_rows)] for c in batch.columns]
    return json.dumps({"rows": batch.num_rows, "metadata": pairs, "columns": columns},
                      ensure_ascii=False, separators=(",", ":"))


def record(directory, name, batches, metadata=None, schema=None, options=None):
    """Write a stream of `batches` and its description."""
    batches = [b if isinstance(b, pa.RecordBatch) else pa.record_batch(b, schema=schema)
               for b in batches]
    schema = schema or batches[0].schema
    with pa.OSFile(str(directory / f"{name}.arrows"), "wb") as sink:
        with pa.ipc.new_stream(sink, schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch, custom_metadata=metadata)
    lines = [json.dumps([[f.name, f.nullable] for f in schema], ensure_ascii=False,
                        separators=(",", ":"))]
    with pa.OSFile(str(directory / f"{name}.arrows"), "rb") as source:
        reader = pa.ipc.open_stream(source)
        while True:
            try:
                batch, pairs = reader.read_next_batch_with_custom_metadata()
            except StopIteration:
                break
            batch.validate(full=True)
            lines.append(describe(batch, pairs))
    (directory / f"{name}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def scalars(directory):
    integers = {f"{s}{b}": pa.array([0, 1, None, 2 ** (b - (s == "int")) - 1], getattr(pa, f"{s}{b}")())
                for b in (8, 16, 32, 64) for s in ("int", "uint")}
    record(directory, "integers", [integers])
    record(directory, "floats", [{
        "half": pa.array([1.5, None, -0.25], pa.float16()),
        "single": pa.array([1.5, None, float("inf")], pa.float32()),
        "double": pa.array([0.1, None, -1e300])}])
    record(directory, "other", [{
        "bool": pa.array([True, False, None, True] * 20),
        "null": pa.nulls(80),
        "fixed": pa.array([b"abc", None, b"\x00\xff\x01", b"zzz"] * 20, pa.binary(3))}])
    record(directory, "text", [{
        "utf8": ["", "grün", None, "日本語", "a" * 40],
        "large_utf8": pa.array(["x", None, "🙂", "", "y"], pa.large_string()),
        "binary": [b"", b"\xff\x00", None, b"abc", b"d"],
        "large_binary": pa.array([b"1", None, b"", b"\x80", b"2"], pa.large_binary())}])
    record(directory, "views", [{
        "utf8_view": pa.array(["", "short", None, "longer than twelve bytes", "é" * 20], pa.string_view()),
        "binary_view": pa.array([b"\xff" * 13, None, b"", b"x" * 12, b"y" * 100], pa.binary_view())}])


def numbers(directory):
    def decimals(kind):
        return pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-99.25")], kind)
    record(directory, "decimals", [{
        "d32": decimals(pa.decimal32(6, 2)), "d64": decimals(pa.decimal64(12, 2)),
        "d128": decimals(pa.decimal128(30, 4)), "d256": decimals(pa.decimal256(70, 3)),
        "negative_scale": pa.array([decimal.Decimal("1200"), None, decimal.Decimal("-500")],
                                   pa.decimal128(5, -2))}])
    columns = {"date32": pa.array([0, None, 20000], pa.date32()),
               "date64": pa.array([0, None, 86400000], pa.date64()),
               "interval": pa.array([(1, 2, 3), None, (-1, -2, -3)], pa.month_day_nano_interval())}
    for unit in ("s", "ms", "us", "ns"):
        columns[f"timestamp_{unit}"] = pa.array([0, None, -5], pa.timestamp(unit))
        columns[f"zoned_{unit}"] = pa.array([0, None, 5], pa.timestamp(unit, "Europe/Berlin"))
        columns[f"duration_{unit}"] = pa.array([0, None, 7], pa.duration(unit))
        time = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
        columns[f"time_{unit}"] = pa.array([0, None, 9], time)
    record(directory, "temporal", [columns])


def nested(directory):
    rows = [[1, None, 3], None, [], [4]]
    record(directory, "lists", [{
        "list": pa.array(rows, pa.list_(pa.int32())),
        "large": pa.array(rows, pa.large_list(pa.int32())),
        "view": pa.array(rows, pa.list_view(pa.int32())),
        "large_view": pa.array(rows, pa.large_list_view(pa.int32())),
        "fixed": pa.array([[1, 2], None, [None, 4], [5, 6]], pa.list_(pa.int8(), 2)),
        "deep": pa.array([[["a"], None], None, [], [[], ["b", None]]], pa.list_(pa.list_(pa.string())))}])
    point = pa.struct([pa.field("x", pa.int64(), nullable=False), ("y", pa.string())])
    record(directory, "structs", [{
        "point": pa.array([{"x": 1, "y": "a"}, None, {"x": 3, "y": None}], point),
        "none": pa.array([{}, None, {}], pa.struct([])),
        "map": pa.array([[("k", 1), ("l", None)], None, []], pa.map_(pa.string(), pa.int16())),
        "sorted": pa.array([[(1, b"x")], [], None], pa.map_(pa.int8(), pa.binary(), keys_sorted=True))}])
    kinds = pa.array([5, 7, 5, 7], pa.int8())
    children = [pa.array([1, None, 3, 4]), pa.array(["a", "b", "c", None])]
    sparse = pa.UnionArray.from_sparse(kinds, children, ["i", "s"], [5, 7])
    dense = pa.UnionArray.from_dense(kinds, pa.array([0, 0, 2, 3], pa.int32()), children, ["i", "s"], [5, 7])
    record(directory, "unions", [{"sparse": sparse, "dense": dense}])
    record(directory, "unions_v4", [{"sparse": sparse, "dense": dense}],
           options=pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4))
    record(directory, "runs", [{
        "runs16": pa.RunEndEncodedArray.from_arrays(pa.array([2, 5], pa.int16()), ["a", None]),
        "runs32": pa.RunEndEncodedArray.from_arrays(pa.array([1, 5], pa.int32()), pa.array([1.5, 2.5])),
        "runs64": pa.RunEndEncodedArray.from_arrays(pa.array([5], pa.int64()), pa.array([[1, 2]]))}])


def encode(indices, values, index=pa.int32(), ordered=False):
    return pa.DictionaryArray.from_arrays(pa.array(indices, index), values, ordered=ordered)


def dictionaries(directory):
    record(directory, "dictionaries", [{
        "text": encode([0, 1, None, 0], ["red", "green"]),
        "small": encode([1, 1, 0, None], pa.array([10, 20], pa.int64()), pa.uint8()),
        "ordered": encode([0, 1, 2, 0], ["a", "b", None], pa.int16(), True),
        "lists": encode([0, None, 1, 0], pa.array([[1, 2], []])),
        "all_null": encode([None] * 4, ["x"])}])
    inner = encode([0, 1, 0], ["x", "y"], pa.int8())
    struct_values = pa.StructArray.from_arrays([inner, pa.array([1, 2, 3])], ["s", "n"])
    record(directory, "nested_dictionaries", [{
        "in_list": pa.ListArray.from_arrays(pa.array([0, 2, 3, 3, 3], pa.int32()), inner),
        "in_dictionary": encode([2, None, 0, 1], struct_values, pa.int8())}])
    first = {"d": encode([0, 1], ["a", "b"]), "n": pa.array([1, 2])}
    second = {"d": encode([0, 2], ["a", "b", "c"]), "n": pa.array([3, 4])}
    third = {"d": encode([0, 0], ["z"]), "n": pa.array([5, 6])}
    record(directory, "replacement", [first, second, third])
    record(directory, "delta", [first, second, third, second],
           options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True))


def streams(directory):
    columns = {"a": list(range(300)), "s": [f"text {i % 50}" for i in range(300)],
               "d": encode([i % 50 for i in range(300)], [f"value {i}" * 3 for i in range(50)])}
    for codec in ("lz4", "zstd"):
        record(directory, f"compressed_{codec}", [columns],
               options=pa.ipc.IpcWriteOptions(compression=codec))
    record(directory, "incompressible_zstd", [{"b": [bytes((i * 97 + j * 31) % 251 for j in range(30))
                                                     for i in range(3)]}],
           options=pa.ipc.IpcWriteOptions(compression="zstd"))
    record(directory, "metadata", [{"a": [1], "b": ["x"]}, {"a": [2], "b": ["y"]}],
           metadata={"vgi_rpc.method": "add", "empty": "", "text": "grün"},
           schema=pa.schema([pa.field("a", pa.int64(), nullable=False, metadata={"unit": "m"}),
                             pa.field("b", pa.string())], metadata={"owner": "me", "": "no key"}))
    record(directory, "no_columns", [pa.record_batch({"x": [1, 2]}).select([])])
    record(directory, "no_rows", [{
        "i": pa.array([], pa.int64()), "s": pa.array([], pa.string()),
        "l": pa.array([], pa.list_(pa.string_view())), "f": pa.array([], pa.list_(pa.int8(), 3)),
        "d": encode([], pa.array([], pa.string()), pa.int8()),
        "u": pa.UnionArray.from_dense(pa.array([], pa.int8()), pa.array([], pa.int32()),
                                      [pa.array([], pa.int8())]),
        "r": pa.RunEndEncodedArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))}])
    record(directory, "no_batches", [], schema=pa.schema([("a", pa.int64())]))
    record(directory, "extension", [{
        "uuid": pa.array([bytes(range(16)), None], pa.uuid()),
        "json": pa.array(['{"a":1}', None], pa.json_())}])
    whole = pa.record_batch({"a": pa.array([1, None, 3, 4, None]), "b": [True, None, False, True, True],
                             "s": ["a", "bb", None, "dddd", "e"], "l": [[1], [2, 3], None, [], [4]]})
    record(directory, "sliced", [whole.slice(1, 3), whole.slice(4)])


def record_all(directory):
    for part in (scalars, numbers, nested, dictionaries, streams):
        part(directory)


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    record_all(directory)


if __name__ == "__main__":
    main()
