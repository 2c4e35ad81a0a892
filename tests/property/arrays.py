# SPDX-License-Identifier: Apache-2.0
"""Random Arrow types, arrays and streams."""

import random
import struct

import pyarrow as pa

WORDS = ["", "a", "zwölf", "thirteen bytes", "twelve bytes", "日本語", "x" * 40, "\U0001f600 end"]
ZONES = [None, "UTC", "Europe/Berlin", "+01:00"]
UNITS = ["s", "ms", "us", "ns"]

SCALARS = [
    pa.null, pa.bool_, pa.int8, pa.int16, pa.int32, pa.int64, pa.uint8, pa.uint16, pa.uint32, pa.uint64,
    pa.float16, pa.float32, pa.float64, pa.utf8, pa.large_utf8, pa.string_view, pa.binary, pa.large_binary,
    pa.binary_view, pa.date32, pa.date64, pa.month_day_nano_interval,
    lambda: pa.binary(random.choice([0, 1, 3, 16])),
    lambda: pa.time32(random.choice(UNITS[:2])),
    lambda: pa.time64(random.choice(UNITS[2:])),
    lambda: pa.timestamp(random.choice(UNITS), random.choice(ZONES)),
    lambda: pa.duration(random.choice(UNITS)),
    lambda: pa.decimal32(9, random.randint(-2, 5)),
    lambda: pa.decimal64(18, random.randint(-2, 5)),
    lambda: pa.decimal128(random.randint(1, 38), random.randint(-5, 10)),
    lambda: pa.decimal256(random.randint(39, 76), random.randint(-5, 10)),
]
NESTED = ["list", "large_list", "list_view", "large_list_view", "fixed_list", "struct", "map", "sparse",
          "dense", "runs", "dictionary", "extension"]


def random_field(name, depth, nullable=None):
    if nullable is None:
        nullable = random.random() < 0.75
    metadata = {"k": random.choice(WORDS), "ключ": "v"} if random.random() < 0.1 else None
    type_ = random_type(depth)
    return pa.field(name, type_, nullable or pa.types.is_null(type_), metadata)


def refuses_dictionary(type_):
    """Types that pyarrow cannot write as the values of a dictionary, or read back."""
    return (
        pa.types.is_dictionary(type_)
        or pa.types.is_run_end_encoded(type_)
        or pa.types.is_null(type_)
        or isinstance(type_, pa.BaseExtensionType)
    )


def random_type(depth):
    if depth <= 0 or random.random() < 0.55:
        return random.choice(SCALARS)()
    kind = random.choice(NESTED)
    item = random_field(random.choice(["item", "element", "", "ä"]), depth - 1)
    match kind:
        case "list":
            return pa.list_(item)
        case "large_list":
            return pa.large_list(item)
        case "list_view":
            return pa.list_view(item)
        case "large_list_view":
            return pa.large_list_view(item)
        case "fixed_list":
            return pa.list_(item, random.choice([0, 1, 3]))
        case "struct":
            return pa.struct([random_field(f"f{i}", depth - 1) for i in range(random.randint(0, 3))])
        case "map":
            key = random.choice([pa.utf8(), pa.int32(), pa.binary_view()])
            return pa.map_(key, item, keys_sorted=random.random() < 0.3)
        case "sparse" | "dense":
            n = random.randint(1, 4)
            fields = [random_field(f"u{i}", depth - 1) for i in range(n)]
            codes = random.sample(range(128), n)
            return (pa.sparse_union if kind == "sparse" else pa.dense_union)(fields, codes)
        case "runs":
            ends = random.choice([pa.int16(), pa.int32(), pa.int64()])
            return pa.run_end_encoded(ends, random_type(depth - 1))
        case "dictionary":
            index = random.choice([pa.int8, pa.int16, pa.int32, pa.int64, pa.uint8, pa.uint16, pa.uint32])()
            values = random_type(depth - 1)
            if refuses_dictionary(values):
                values = pa.utf8()
            return pa.dictionary(index, values, ordered=random.random() < 0.3)
        case "extension":
            return random.choice([pa.uuid(), pa.json_(), pa.bool8()])


def bitmap(n, density):
    """Validity of n rows, None without nulls, and the number of nulls."""
    if random.random() < 0.4 or n == 0:
        return None, 0
    bits = [random.random() >= density for _ in range(n)]
    out = bytearray((n + 7) // 8)
    for i, bit in enumerate(bits):
        out[i // 8] |= bit << (i % 8)
    return pa.py_buffer(bytes(out)), bits.count(False)


def offsets(n, fmt, most=4):
    out, at = [0], 0
    for _ in range(n):
        at += random.randint(0, most)
        out.append(at)
    return pa.py_buffer(struct.pack(f"<{n + 1}{fmt}", *out)), at


def value_range(type_):
    """low, high and step of values that python can show; None: any bytes."""
    step = 1000 if getattr(type_, "unit", None) == "ns" else 1  # datetime knows no nanoseconds
    if pa.types.is_time(type_):
        return 0, 86400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**6}[type_.unit], step
    if pa.types.is_date(type_):
        return -40000, 40000, 86400000 if pa.types.is_date64(type_) else 1
    if pa.types.is_timestamp(type_) or pa.types.is_duration(type_):
        return -(10**9), 10**9, step
    if pa.types.is_decimal(type_):
        return 1 - 10**type_.precision, 10**type_.precision, 1
    return None, None, None


def fixed(type_, n, width):
    validity, nulls = bitmap(n, 0.3)
    low, high, step = value_range(type_)
    if high is None:
        data = random.randbytes(n * width)
    else:
        values = (random.randrange(low, high) * step for _ in range(n))
        data = b"".join(v.to_bytes(width, "little", signed=True) for v in values)
    return pa.Array.from_buffers(type_, n, [validity, pa.py_buffer(data)], nulls)


def scalars(type_, n):
    """Arrays that pyarrow makes from values."""
    if pa.types.is_null(type_):
        return pa.nulls(n)
    if pa.types.is_boolean(type_):
        values = [random.choice([True, False, None]) for _ in range(n)]
    elif pa.types.is_interval(type_):
        values = [random.choice([None, pa.MonthDayNano([1, 2, 3]), pa.MonthDayNano([-1, 0, 10**12])]) for _ in range(n)]
    elif pa.types.is_binary(type_) or pa.types.is_large_binary(type_) or type_ == pa.binary_view():
        values = [None if random.random() < 0.2 else random.randbytes(random.choice([0, 1, 12, 13, 50])) for _ in range(n)]
    else:
        values = [random.choice(WORDS + [None]) for _ in range(n)]
    return pa.array(values, type_)


def list_like(type_, n):
    validity, nulls = bitmap(n, 0.3)
    wide = pa.types.is_large_list(type_) or type_.id == pa.large_list_view(pa.int8()).id
    fmt = "q" if wide else "i"
    if type_.id in (pa.list_view(pa.int8()).id, pa.large_list_view(pa.int8()).id):
        total = random.randint(0, 2 * n)
        sizes = [random.randint(0, min(3, total)) for _ in range(n)]
        starts = [random.randint(0, total - k) for k in sizes]
        buffers = [validity, pa.py_buffer(struct.pack(f"<{n}{fmt}", *starts)), pa.py_buffer(struct.pack(f"<{n}{fmt}", *sizes))]
        return pa.Array.from_buffers(type_, n, buffers, nulls, children=[random_array(type_.value_type, total, type_.value_field.nullable)])
    if pa.types.is_map(type_):
        place, total = offsets(n, fmt, 2)
        entries = pa.struct([type_.key_field, type_.item_field])
        items = pa.Array.from_buffers(entries, total, [None], 0, children=[
            random_array(type_.key_type, total, False), random_array(type_.item_type, total, type_.item_field.nullable)])
        return pa.Array.from_buffers(type_, n, [validity, place], nulls, children=[items])
    place, total = offsets(n, fmt)
    return pa.Array.from_buffers(type_, n, [validity, place], nulls, children=[random_array(type_.value_type, total, type_.value_field.nullable)])


def union(type_, n):
    children = []
    which = [random.randrange(type_.num_fields) for _ in range(n)]
    ids = pa.py_buffer(bytes(type_.type_codes[k] for k in which))
    if type_.mode == "sparse":
        children = [random_array(f.type, n, f.nullable) for f in type_]
        return pa.Array.from_buffers(type_, n, [None, ids], 0, children=children)
    counts = [0] * type_.num_fields
    place = []
    for k in which:
        place.append(counts[k])
        counts[k] += 1
    children = [random_array(f.type, counts[i], f.nullable) for i, f in enumerate(type_)]
    return pa.Array.from_buffers(type_, n, [None, ids, pa.py_buffer(struct.pack(f"<{n}i", *place))], 0, children=children)


def runs(type_, n):
    ends, at = [], 0
    while at < n:
        at = min(n, at + random.randint(1, 4))
        ends.append(at)
    values = random_array(type_.value_type, len(ends), True)
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, type_.run_end_type), values, type_)


def dictionary(type_, n):
    size = random.randint(0 if n == 0 else 1, 6)
    values = random_array(type_.value_type, size, False)
    index = pa.array([random.choice([None, random.randrange(size)]) for _ in range(n)], type_.index_type)
    return pa.DictionaryArray.from_arrays(index, values, ordered=type_.ordered)


def random_array(type_, n, nullable=True):
    """n rows of a type, cut out of a longer array now and then."""
    extra = random.choice([0, 0, 0, 1, 9])
    if extra:
        return random_array_whole(type_, n + extra + 1, nullable).slice(extra, n)
    return random_array_whole(type_, n, nullable)


def random_array_whole(type_, n, nullable):
    if isinstance(type_, pa.BaseExtensionType):
        return type_.wrap_array(random_array_whole(type_.storage_type, n, nullable))
    array = make_array(type_, n)
    return array if nullable or array.null_count == 0 else without_nulls(array)


def without_nulls(array):
    """The same buffers with nothing null."""
    if pa.types.is_null(array.type):
        return array
    if pa.types.is_dictionary(array.type):
        if len(array.dictionary) == 0:
            return array
        return pa.DictionaryArray.from_arrays(array.indices.fill_null(0), array.dictionary, ordered=array.type.ordered)
    if pa.types.is_nested(array.type):
        return array
    buffers = array.buffers()
    return pa.Array.from_buffers(array.type, len(array), [None] + buffers[1:], 0, array.offset)


def make_array(type_, n):
    if pa.types.is_dictionary(type_):
        return dictionary(type_, n)
    if pa.types.is_run_end_encoded(type_):
        return runs(type_, n)
    if pa.types.is_union(type_):
        return union(type_, n)
    if pa.types.is_struct(type_):
        validity, nulls = bitmap(n, 0.3)
        children = [random_array(f.type, n, f.nullable) for f in type_]
        return pa.Array.from_buffers(type_, n, [validity], nulls, children=children)
    if pa.types.is_fixed_size_list(type_):
        validity, nulls = bitmap(n, 0.3)
        items = random_array(type_.value_type, n * type_.list_size, type_.value_field.nullable)
        return pa.Array.from_buffers(type_, n, [validity], nulls, children=[items])
    if pa.types.is_nested(type_):
        return list_like(type_, n)
    if pa.types.is_interval(type_) or pa.types.is_null(type_) or pa.types.is_boolean(type_):
        return scalars(type_, n)
    try:
        width = type_.byte_width
    except ValueError:
        return scalars(type_, n)
    return fixed(type_, n, width)


def random_batch(schema, n):
    columns = [random_array(f.type, n, f.nullable) for f in schema]
    if not columns:
        rows = pa.Array.from_buffers(pa.struct([]), n, [None], 0, children=[])
        return pa.RecordBatch.from_struct_array(rows).replace_schema_metadata(schema.metadata)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def random_stream():
    """One stream of random batches and metadata, as bytes."""
    metadata = {"schema": "metadata"} if random.random() < 0.2 else None
    schema = pa.schema([random_field(f"c{i}", 2) for i in range(random.randint(0, 5))], metadata)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(
        compression=random.choice([None, None, None, "lz4", "zstd"]),
        emit_dictionary_deltas=random.random() < 0.5,
    )
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
            batch = random_batch(schema, random.choice([0, 1, 2, 3, 8, 17, 70]))
            pairs = {"key": random.choice(WORDS), "other": "\0binary"} if random.random() < 0.4 else None
            writer.write_batch(batch, custom_metadata=pairs)
    return sink.getvalue().to_pybytes()
