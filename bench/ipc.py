# SPDX-License-Identifier: Apache-2.0
"""The framing of Arrow IPC streams and the metadata of their messages, no more."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Message:
    begin: int
    end: int  # with the body
    metadata: bytes  # the flatbuffer; empty: the end of a stream

    def _slot(self, table: int, slot: int) -> int:
        """Where a field of a table is; 0: absent."""
        vtable = table - self._int(table)
        size, _ = struct.unpack_from("<HH", self.metadata, vtable)
        if 4 + 2 * slot >= size:
            return 0
        (offset,) = struct.unpack_from("<H", self.metadata, vtable + 4 + 2 * slot)
        return table + offset if offset else 0

    def _int(self, at: int) -> int:
        return struct.unpack_from("<i", self.metadata, at)[0]

    def _follow(self, at: int) -> int:
        return at + self._int(at)

    def _text(self, at: int) -> bytes:
        at = self._follow(at)
        return self.metadata[at + 4 : at + 4 + self._int(at)]

    def body_length(self) -> int:
        at = self._slot(self._int(0), 3)
        return struct.unpack_from("<q", self.metadata, at)[0] if at else 0

    def pairs(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Key, value and where the value's offset is, of each pair of custom metadata."""
        at = self._slot(self._int(0), 4)
        if at:
            vector = self._follow(at)
            for i in range(self._int(vector)):
                pair = self._follow(vector + 4 + 4 * i)
                key, value = self._slot(pair, 0), self._slot(pair, 1)
                yield self._text(key), self._text(value), value


def messages(stream: bytes) -> Iterator[Message]:
    """The messages of one or more streams."""
    at = 0
    while at < len(stream):
        (size,) = struct.unpack_from("<i", stream, at + 4)
        message = Message(at, at + 8 + size, stream[at + 8 : at + 8 + size])
        if size:
            message.end += message.body_length()
        yield message
        at = message.end


def custom_metadata(stream: bytes) -> dict[bytes, bytes]:
    """Of all messages; the last one wins."""
    return {key: value for message in messages(stream) if message.metadata for key, value, _ in message.pairs()}


def with_values(stream: bytes, values: dict[bytes, bytes]) -> bytes:
    """The stream with other values of custom metadata, where it has such keys."""
    made = bytearray()
    for message in messages(stream):
        head = bytearray(message.metadata)
        for key, _, at in message.pairs() if message.metadata else ():
            if key in values:  # a new string at the end of the flatbuffer
                struct.pack_into("<i", head, at, len(head) - at)
                head += struct.pack("<i", len(values[key])) + values[key] + b"\0"
                head += bytes(-len(head) % 8)
        made += stream[message.begin : message.begin + 4] + struct.pack("<i", len(head)) + head
        made += stream[message.begin + 8 + len(message.metadata) : message.end]
    return bytes(made)
