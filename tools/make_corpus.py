#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the seed inputs of the Arrow fuzz targets from pyarrow.

Usage: make_corpus.py DIRECTORY     (fuzz/corpus)

wire_stream_reader: a byte that says how many bytes a read yields (0: all), then the stream.
ipc_schema: the schema message of each stream.
pointer_batch: the length of a pointer's stream (u16), that, and what lies at the start of the
segment's data.
shm_segment: a head for the operations, then the beginning of a segment's header.
"""
import pathlib
import struct
import sys
import tempfile

import pyarrow as pa

import make_golden

MOST_BYTES = 20 * 1024


def schema_message(stream):
    length = struct.unpack_from("<I", stream, 4)[0]
    return stream[:8 + length]


def pointer_to(stream):
    """A pointer batch, as a stream, to the first batch of this one; and what it points to."""
    reader = pa.ipc.open_stream(stream)
    batch = reader.read_next_batch()
    content = pa.BufferOutputStream()
    with pa.ipc.new_stream(content, batch.schema) as writer:
        writer.write_batch(batch)
    content = content.getvalue().to_pybytes()
    if any(pa.types.is_dictionary(field.type) for field in batch.schema):
        content = content[len(schema_message(content)):-8]
    pointer = pa.BufferOutputStream()
    metadata = {"vgi_rpc.shm_offset": "65536", "vgi_rpc.shm_length": str(len(content)), "x": "y"}
    with pa.ipc.new_stream(pointer, batch.schema) as writer:
        writer.write_batch(batch.slice(0, 0), custom_metadata=metadata)
    return pointer.getvalue().to_pybytes(), content


def make_pointers(directory, golden):
    directory.mkdir(parents=True, exist_ok=True)
    for path in sorted(golden.glob("*.arrows")):
        try:
            pointer, content = pointer_to(path.read_bytes())
        except (StopIteration, pa.ArrowNotImplementedError):
            continue  # no batch, or none that pyarrow writes
        if len(pointer) + len(content) < MOST_BYTES:
            (directory / path.stem).write_bytes(struct.pack("<H", len(pointer)) + pointer + content)


def make_segments(directory):
    directory.mkdir(parents=True, exist_ok=True)
    size = 1 << 20
    tables = {
        "empty": [],
        "one": [(65536, 4096)],
        "gaps": [(65536, 64), (65664, 100), (70000, 8), (65536 + size - 64, 64)],
        "overlap": [(65536, 65), (65600, 64)],
        "outside": [(65536, size + 1)],
        "disorder": [(70000, 8), (65536, 8)],
    }
    operations = bytes(range(16))
    for name, table in tables.items():
        header = struct.pack("<4sIQII", b"VGIS", 1, size, len(table), 0)
        entries = b"".join(struct.pack("<QQ", *entry) for entry in table)
        (directory / name).write_bytes(operations + header + entries)
    (directory / "too_many").write_bytes(operations + struct.pack("<4sIQII", b"VGIS", 1, size, 4095, 0))


def main():
    corpus = pathlib.Path(sys.argv[1])
    readers, schemas = corpus / "wire_stream_reader", corpus / "ipc_schema"
    for directory in (readers, schemas):
        directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        make_golden.record_all(pathlib.Path(scratch))
        for index, path in enumerate(sorted(pathlib.Path(scratch).glob("*.arrows"))):
            stream = path.read_bytes()
            step = bytes([(0, 7, 64)[index % 3]])
            if len(stream) < MOST_BYTES:
                (readers / path.stem).write_bytes(step + stream)
            (schemas / path.stem).write_bytes(schema_message(stream))
        make_pointers(corpus / "pointer_batch", pathlib.Path(scratch))
    make_segments(corpus / "shm_segment")
    two = b"".join((readers / name).read_bytes()[1:] for name in ("integers", "text"))
    (readers / "two_streams").write_bytes(b"\0" + two)
    (readers / "no_stream").write_bytes(b"\0GET / HTTP/1.1\r\n\r\n")


if __name__ == "__main__":
    main()
