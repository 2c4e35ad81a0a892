# SPDX-License-Identifier: Apache-2.0
"""The reference's own command `vgi-rpc-test`, as a second opinion."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker import command, http_server

pytestmark = pytest.mark.timeout(300)


def _none_fails(*arguments: str) -> None:
    tool = str(Path(sys.executable).parent / "vgi-rpc-test")
    done = subprocess.run([tool, *arguments, "--format", "json"], capture_output=True, text=True)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    report = json.loads(done.stdout)
    failed = [f"{r['name']}: {r['error']}" for r in report["results"] if not r["passed"] and not r["skipped"]]
    assert not failed and done.returncode == 0, failed
    assert report["passed"] > 90


def test_runner_on_pipe() -> None:
    _none_fails("--cmd", shlex.join(command()))


def test_runner_on_unix(unix_path: str) -> None:
    _none_fails("--unix", unix_path)


@pytest.fixture(scope="session")
def http_prefixed_port() -> Iterator[int]:
    with http_server("--prefix", "/api/v1") as port:
        yield port


def test_runner_on_http(conformance_http_port: int) -> None:
    _none_fails("--url", f"http://127.0.0.1:{conformance_http_port}")


def test_runner_on_http_with_prefix(http_prefixed_port: int) -> None:
    _none_fails("--url", f"http://127.0.0.1:{http_prefixed_port}", "--prefix", "/api/v1")


def test_runner_on_http_with_caps(conformance_http_strict_cap_port: int) -> None:
    """The cases of response caps are skipped by servers that have none."""
    _none_fails("--url", f"http://127.0.0.1:{conformance_http_strict_cap_port}")
