# SPDX-License-Identifier: Apache-2.0
"""A stream that fails to open must leave the connection usable.

The suite skips this on byte streams, where the reference server gets out of step.
"""

from __future__ import annotations

import pytest
from vgi_rpc.rpc import AnnotatedBatch, RpcError

pytestmark = pytest.mark.timeout(10)


def test_producer_that_fails_to_open(conformance_conn) -> None:
    with conformance_conn() as proxy:
        for turn in range(3):
            with pytest.raises(RpcError, match="intentional init error"):
                next(iter(proxy.produce_error_on_init()))
            assert proxy.echo_int(value=turn) == turn


def test_exchange_that_fails_to_open(conformance_conn) -> None:
    with conformance_conn() as proxy:
        for turn in range(3):
            with pytest.raises(RpcError, match="intentional exchange init error"):
                proxy.exchange_error_on_init().exchange(AnnotatedBatch.from_pydict({"value": [1.0]}))
            assert proxy.echo_int(value=turn) == turn
