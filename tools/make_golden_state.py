#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record stream state as the reference encodes it, for tests/unit/types/test_state.c.

Usage: make_golden_state.py FILE (needs vgi-rpc 0.15)
"""
import sys
from dataclasses import dataclass
from enum import Enum

from vgi_rpc.utils import ArrowSerializableDataclass


class Status(Enum):
    PENDING = "pending"
    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True)
class Point(ArrowSerializableDataclass):
    x: float
    y: float


@dataclass
class State(ArrowSerializableDataclass):
    count: int
    current: int
    label: str
    status: Status
    points: list[Point]
    note: str | None


with open(sys.argv[1], "wb") as file:
    file.write(State(5, -2, "état", Status.CLOSED, [Point(1.0, 2.0)], None).serialize_to_bytes())
