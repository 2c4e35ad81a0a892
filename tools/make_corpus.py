#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the seed inputs of the Arrow fuzz targets from pyarrow.

Usage: make_corpus.py DIRECTORY     (fuzz/corpus)

wire_stream_reader: a byte that says how many bytes a read yields (0: all), then the stream.
ipc_schema: the schema message of each stream.
"""
import pathlib
import struct
import sys
import tempfile

import make_golden

MOST_BYTES = 20 * 1024


def schema_message(stream):
    length = struct.unpack_from("<I", stream, 4)[0]
    return stream[:8 + length]


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
    two = b"".join((readers / name).read_bytes()[1:] for name in ("integers", "text"))
    (readers / "two_streams").write_bytes(b"\0" + two)
    (readers / "no_stream").write_bytes(b"\0GET / HTTP/1.1\r\n\r\n")


if __name__ == "__main__":
    main()
