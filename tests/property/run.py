#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Property tests of the Arrow codec against pyarrow, both ways.

  copy    what pyarrow writes, we read; what we write of it (as it is, through a builder, cut by a row at
          both ends) pyarrow reads, validates fully and finds equal
  accept  of mutated streams: what we accept, pyarrow accepts
"""

import argparse
import random
import struct
import subprocess
import sys

import pyarrow as pa

import arrays

GROUP = 500  # streams per process


class Failures:
    def __init__(self):
        self.passed = self.failed = 0

    def note(self, ok, text):
        self.passed += ok
        self.failed += not ok
        if not ok and self.failed <= 10:
            print("FAIL", text, flush=True)


def read_stream(source):
    reader = pa.ipc.open_stream(source)
    out = []
    while True:
        try:
            out.append(reader.read_next_batch_with_custom_metadata())
        except StopIteration:
            return reader.schema, out


def frames_of(data):
    at = 0
    while at < len(data):
        (n,) = struct.unpack_from("<Q", data, at)
        yield data[at + 8 : at + 8 + n]
        at += 8 + n


def same(a, b):
    """Equal, or of equal values: a dictionary may be another one, NaN is itself."""
    if a.equals(b):
        return True
    return a.num_rows == b.num_rows and repr(a.to_pylist()) == repr(b.to_pylist())


def cut(batch):
    return batch.slice(1, batch.num_rows - 2) if batch.num_rows >= 2 else batch


def compare(way, wanted, got):
    (schema, batches), (found_schema, found_batches) = wanted, got
    if not found_schema.equals(schema, check_metadata=True):
        return f"{way}: schema {found_schema} instead of {schema}"
    if len(batches) != len(found_batches):
        return f"{way}: {len(found_batches)} batches instead of {len(batches)}"
    for (batch, pairs), (found, found_pairs) in zip(batches, found_batches):
        batch = cut(batch) if way == "sliced" else batch
        found.validate(full=True)
        if not same(batch, found):
            return f"{way}: {schema}\n{found.to_pylist()}\ninstead of\n{batch.to_pylist()}"
        if (pairs and dict(pairs)) != (found_pairs and dict(found_pairs)):
            return f"{way}: metadata {found_pairs} instead of {pairs}"
    return None


def copy_group(driver, seed, count, result):
    random.seed(seed)
    streams = [arrays.random_stream() for _ in range(count)]
    done = subprocess.run([driver, "copy"], input=b"".join(streams), stdout=subprocess.PIPE)
    if done.returncode != 0:
        result.note(False, f"seed {seed}: the driver ended with {done.returncode}")
        return
    written = frames_of(done.stdout)
    for i, stream in enumerate(streams):
        fault = None
        wanted = read_stream(pa.BufferReader(stream))
        for way in ("plain", "built", "sliced"):
            copied = next(written)
            try:
                fault = fault or compare(way, wanted, read_stream(pa.BufferReader(copied)))
            except pa.ArrowException as e:
                fault = fault or f"{way}: {e}: {wanted[0]}"
        result.note(fault is None, f"seed {seed} stream {i}: {fault}")


def mutate(data):
    data = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(data))
        kind = random.random()
        if kind < 0.4:
            data[at] ^= 1 << random.randrange(8)
        elif kind < 0.7:
            data[at] = random.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif kind < 0.9:
            at -= at % 4
            data[at : at + 4] = struct.pack("<i", random.choice([0, 1, -1, 7, 2**31 - 1, -(2**31)]))
        else:
            del data[at:]
            data.append(0)
    return bytes(data)


# What pyarrow refuses and the format does not forbid, or a reader may put right.
LENIENT = (
    "does not represent a whole number of days",
    "does not fit in precision",
    "is not within the acceptable range",
    "padding bytes were not all zero",
    "did not start on 8-byte aligned offset",
    "Unexpected null field",
    "Unexpected serialized metadata",  # of an extension type
    "Invalid storage type",
    "storage type, got",
    "FixedSizeBinaryType too large",
    "buffer too small",  # a compressed buffer that is empty by its own word is not decompressed
    "buffer is too small",
    "Invalid flatbuffers message",  # in a part of the message that is of no use to a reader
)


def refusal(data):
    """Why pyarrow does not read and fully validate it all; None if it does."""
    try:
        schema, batches = read_stream(pa.BufferReader(data))
        for batch, _ in batches:
            batch.validate(full=True)
    except (pa.ArrowException, ValueError, OSError, KeyError, OverflowError) as e:
        if any(text in str(e) for text in LENIENT):
            return None
        # How many of its rows are null is not a question for the null type.
        if "null_count value" in str(e) and ": null" in str(schema):
            return None
        return str(e)
    return None


def accept_group(driver, seed, count, result):
    random.seed(seed)
    frames = []
    while len(frames) < count:
        stream = arrays.random_stream()
        frames += [mutate(stream) for _ in range(4)]
    packed = b"".join(struct.pack("<I", len(f)) + f for f in frames)
    done = subprocess.run([driver, "check"], input=packed, stdout=subprocess.PIPE)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode != 0 or len(lines) != len(frames):
        result.note(False, f"seed {seed}: the driver ended with {done.returncode} after {len(lines)} frames")
        return
    for i, (frame, line) in enumerate(zip(frames, lines)):
        fault = None if line.startswith("-1") else refusal(frame)
        result.note(fault is None, f"seed {seed} frame {i}: accepted, but pyarrow: {fault}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="another one finds other things")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    result = Failures()
    for first in range(0, args.streams, GROUP):
        copy_group(args.driver, args.seed + first, min(GROUP, args.streams - first), result)
    for first in range(0, args.mutations, GROUP):
        accept_group(args.driver, args.seed + first, min(GROUP, args.mutations - first), result)
    print(f"{result.passed} passed, {result.failed} failed, 0 skipped")
    return result.failed > 0


if __name__ == "__main__":
    sys.exit(main())
