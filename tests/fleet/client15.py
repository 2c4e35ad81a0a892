# SPDX-License-Identifier: Apache-2.0
"""The streams of examples/streams.c, called with the reference's client of release 0.15.

    client15.py URL count_up COUNT
    client15.py URL scale TURNS

Prints a row, as JSON, when it has come.
"""

import json
import sys
from typing import Protocol

import pyarrow as pa
from vgi_rpc import AnnotatedBatch, Stream, StreamState
from vgi_rpc.http import http_connect

VALUE = pa.schema([("value", pa.float64())])


class Streams(Protocol):
    def count_up(self, count: int) -> Stream[StreamState]: ...

    def scale(self, factor: float) -> Stream[StreamState]: ...


def say(answer):
    for row in answer.batch.to_pylist():
        print(json.dumps(row), flush=True)


def main(url, method, n):
    with http_connect(Streams, url) as streams:
        if method == "count_up":
            for answer in streams.count_up(count=n):
                say(answer)
            return
        with streams.scale(factor=4.0) as session:
            for turn in range(n):
                say(session.exchange(AnnotatedBatch.from_pydict({"value": [turn + 0.5]}, VALUE)))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
