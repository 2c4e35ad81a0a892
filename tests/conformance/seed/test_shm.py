# SPDX-License-Identifier: Apache-2.0
"""The segment is used, in both directions: the suite itself would pass without it, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import shm_connect
from vgi_rpc.rpc import AnnotatedBatch
from vgi_rpc.shm import ShmSegment

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
def shm_link(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, dict[str, int]]]:
    """A proxy, and how many batches it put into the segment and took out."""
    counts = {"put": 0, "taken": 0}
    write, read = ShmSegment.allocate_and_write, ShmSegment.read_buffer

    def counted_write(segment: ShmSegment, batch: Any) -> Any:
        place = write(segment, batch)
        counts["put"] += place is not None
        return place

    def counted_read(segment: ShmSegment, offset: int, length: int) -> Any:
        counts["taken"] += 1
        return read(segment, offset, length)

    monkeypatch.setattr(ShmSegment, "allocate_and_write", counted_write)
    monkeypatch.setattr(ShmSegment, "read_buffer", counted_read)
    with shm_connect(None, {}) as proxy:
        yield proxy, counts


def test_results(shm_link: tuple[Any, dict[str, int]]) -> None:
    proxy, counts = shm_link
    blob = bytes(range(256)) * 4096
    assert proxy.echo_bytes(data=blob) == blob
    assert counts["taken"] == 1
    assert proxy.echo_bytes(data=blob[:1000]) == blob[:1000]  # too small to be worth it
    assert counts["taken"] == 1


def test_exchange(shm_link: tuple[Any, dict[str, int]]) -> None:
    proxy, counts = shm_link
    with proxy.exchange_scale(factor=2.0) as stream:
        for _ in range(50):  # 40 MB through 4
            answer = stream.exchange(AnnotatedBatch.from_pydict({"value": [1.5] * 100_000}))
            assert answer.batch.column("value")[99_999].as_py() == 3.0
            answer.release()
    assert counts == {"put": 50, "taken": 50}


def test_producer(shm_link: tuple[Any, dict[str, int]]) -> None:
    proxy, counts = shm_link
    rows = 0
    for answer in proxy.produce_large_batches(rows_per_batch=20_000, batch_count=30):
        rows += answer.batch.num_rows
        answer.release()
    assert rows == 600_000
    assert counts["taken"] == 30
