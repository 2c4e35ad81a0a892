# SPDX-License-Identifier: Apache-2.0
"""Streams that go on with another worker at each turn: nothing of them is in a server."""

from __future__ import annotations

import fleet
import httpx
import pytest
from vgi_rpc.rpc import AnnotatedBatch, RpcError

pytestmark = pytest.mark.timeout(20)


@pytest.fixture(params=["http_roundrobin", "http_mixed", "http_sealed"])
def http_ports(request: pytest.FixtureRequest) -> fleet.Ports:
    return request.getfixturevalue(f"{request.param}_ports")


def _values(*values: float) -> AnnotatedBatch:
    return AnnotatedBatch.from_pydict({"value": list(values)})


def test_two_servers(http_ports: fleet.Ports) -> None:
    answers = [httpx.get(f"http://127.0.0.1:{port}/health").json() for port in http_ports]
    assert len({answer["server_id"] for answer in answers}) == len(http_ports)


def test_state_of_an_exchange(http_ports: fleet.Ports) -> None:
    with fleet.dial(http_ports) as proxy, proxy.exchange_accumulate() as stream:
        for turn in range(1, 8):
            row = stream.exchange(_values(0.5, float(turn))).batch.to_pylist()[0]
            assert row == {"running_sum": turn * 0.5 + turn * (turn + 1) / 2, "exchange_count": turn}


def test_state_of_a_producer(http_ports: fleet.Ports) -> None:
    with fleet.dial(http_ports) as proxy:
        assert [b.batch.column("index")[0].as_py() for b in proxy.produce_n(count=25)] == list(range(25))


def test_header_and_producer(http_ports: fleet.Ports) -> None:
    with fleet.dial(http_ports) as proxy:
        stream = proxy.produce_with_header(count=6)
        assert stream.header.total_expected == 6
        assert sum(b.batch.num_rows for b in stream) == 6


def test_both_count_the_same_cancels(http_ports: fleet.Ports) -> None:
    with fleet.dial(http_ports[:1]) as proxy:
        proxy.reset_cancel_probe()
    with fleet.dial(http_ports) as proxy:
        stream = proxy.cancellable_exchange()
        for turn in range(3):
            stream.exchange(_values(float(turn)))
        stream.cancel()
    with fleet.dial(http_ports[:1]) as proxy:
        assert proxy.cancel_probe_counters()[1:] == [3, 1]


def test_another_key(http_roundrobin_ports: fleet.Ports, http_sealed_ports: fleet.Ports) -> None:
    """Neither the key nor the format of a foreign token is understood."""
    for ports in ((http_roundrobin_ports[0], http_sealed_ports[0]), (http_sealed_ports[0], http_roundrobin_ports[0])):
        with fleet.dial(ports) as proxy, pytest.raises(RpcError, match="token"):
            proxy.exchange_accumulate().exchange(_values(1.0))
