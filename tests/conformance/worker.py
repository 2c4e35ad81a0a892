# SPDX-License-Identifier: Apache-2.0
"""The worker under test: how each leg of the suites starts and reaches it."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# A new process per connection; one process for all; a socket server, without
# and with a thread per connection.
BYTE_STREAMS = ("pipe", "subprocess", "unix", "unix_threaded")
START_SECONDS = 30
STOP_SECONDS = 20


def chosen_legs(known: tuple[str, ...] = BYTE_STREAMS) -> list[str]:
    """Return the legs named in VGI_LEGS, all of them when it is unset."""
    names = os.environ.get("VGI_LEGS", "").replace(",", " ").split() or list(known)
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise SystemExit(f"unknown leg {' '.join(unknown)}; there are {' '.join(known)}")
    return names


def command() -> list[str]:
    """Return the argv of the worker on stdio."""
    override = os.environ.get("VGI_WORKER")
    if override:
        return shlex.split(override)
    build = os.environ.get("VGI_BUILD")
    if not build:
        raise SystemExit("set VGI_BUILD to a build directory, or VGI_WORKER to a command line")
    return [str(Path(build).resolve() / "bin" / "vgirpc-conformance-worker")]


def _first_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        if not ready.select(START_SECONDS):
            return f"nothing within {START_SECONDS} s"
    return process.stdout.readline().decode(errors="replace").rstrip("\n")


@contextlib.contextmanager
def running(argv: list[str], env: dict[str, str] | None = None) -> Iterator[str]:
    """Run a server and yield the line with which it says that it accepts; stop it by SIGTERM."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, **(env or {})})
    try:
        yield _first_line(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    if argv[0] == command()[0] and "VGI_WORKER" not in os.environ:
        assert status == 0, f"worker ended with {status} after SIGTERM"


@contextlib.contextmanager
def unix_server(*flags: str) -> Iterator[str]:
    """Run the worker on a Unix socket; on leaving it must end well on SIGTERM."""
    with tempfile.TemporaryDirectory(prefix="vgirpc-") as folder:
        path = f"{folder}/socket"
        with running([*command(), "--unix", path, *flags]) as line:
            if line != f"UNIX:{path}":
                raise RuntimeError(f"expected 'UNIX:{path}' from the worker, got {line!r}")
            yield path
        if "VGI_WORKER" not in os.environ:
            assert not os.path.exists(path), "worker left its socket file behind"


@contextlib.contextmanager
def http_server(*flags: str, argv: list[str] | None = None, env: dict[str, str] | None = None) -> Iterator[int]:
    """Run the worker, or another one, on HTTP; yields its port on 127.0.0.1."""
    with running([*(argv or command()), "--http", *flags], env) as line:
        if not line.startswith("PORT:"):
            raise RuntimeError(f"expected 'PORT:<number>' from the worker, got {line!r}")
        yield int(line.removeprefix("PORT:"))
