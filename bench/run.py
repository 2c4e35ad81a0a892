# SPDX-License-Identifier: Apache-2.0
"""Measure the library beside the floor of each transport and the Python reference.

Every workload is replayed by a client that is next to free, against each server
in turn, client and server on one core: the figure is the server's CPU time per
call; with many connections, on all cores, it is calls per second. `limit` is a
server that only reads and writes the same bytes; of shared memory it copies as
many. Rounds are interleaved, so that a noisy moment hits every server alike.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path

import ipc

HERE = Path(__file__).resolve().parent
CORE = 0
KIB = 1024
SEGMENT = f"bench-{os.getpid()}"


@dataclass(frozen=True)
class Workload:
    """One row: `payload` replayed on `transport`.

    `goal` is the CPU ratio to the limit; for a cold start the milliseconds above it, with
    many connections the ratio of calls per second. `size` is that of the batch, where it is
    not recorded. Shared memory is that of a pipe's peers; `goal_us` is CPU time.
    """

    name: str
    transport: str
    payload: str
    calls: int
    goal: float | None = None
    depth: int = 1
    mode: str = "unary"
    connections: int = 1
    size: int = 0
    goal_us: float | None = None

    @property
    def title(self) -> str:
        return f"{self.name}, {self.transport}"

    @property
    def recording(self) -> str:
        return self.payload + ("-shm" if self.transport == "shm" else "")

    @property
    def key(self) -> str:
        """Of what is made for it."""
        return f"{self.recording}-{self.size}"

    @property
    def figure(self) -> str:
        return "per_s" if self.connections > 1 else "p50_us" if self.mode == "cold" else "cpu_us"


WORKLOADS = [
    Workload("add", "pipe", "add", 20000, 1.4),
    Workload("add", "unix", "add", 20000, 1.3),
    Workload("void", "pipe", "void", 20000, 1.3),
    Workload("echo 1 KiB", "pipe", "echo1K", 20000),
    Workload("1-row producer", "pipe", "producer1row", 20000, 1.3, mode="stream"),
    Workload("1-row producer", "unix", "producer1row", 20000, mode="stream"),
    Workload("1-row producer, 64 ticks sent at once", "pipe", "producer1row", 64000, 1.6, 64, "stream"),
    Workload("1-row exchange", "pipe", "exchange1row", 20000, 1.4, mode="stream"),
    Workload("1-row exchange", "unix", "exchange1row", 20000, 1.3, mode="stream"),
    Workload("512 KiB producer", "pipe", "producer512K", 600, mode="stream"),
    Workload("512 KiB producer", "unix", "producer512K", 600, 1.1, mode="stream"),
    Workload("512 KiB producer", "shm", "producer512K", 3000, mode="stream", size=512 * KIB, goal_us=10),
    Workload("echo 1 MiB", "pipe", "echo", 300, 1.1, size=1024 * KIB),
    Workload("echo 1 MiB", "unix", "echo", 300, 1.1, size=1024 * KIB),
    Workload("echo 1 MiB", "shm", "echo", 300, size=1024 * KIB),
    Workload("8 MiB exchange", "pipe", "exchange1row", 60, mode="stream", size=8192 * KIB),
    Workload("8 MiB exchange", "unix", "exchange1row", 60, mode="stream", size=8192 * KIB),
    Workload("8 MiB exchange", "shm", "exchange1row", 200, mode="stream", size=8192 * KIB, goal_us=450),
    Workload("64 MiB exchange", "shm", "exchange1row", 30, 2.0, mode="stream", size=65536 * KIB),
    Workload("cold start to first answer", "pipe", "add", 20, 1.0, mode="cold"),
    Workload("add", "http", "add", 20000, 1.5),
    Workload("void", "http", "void", 20000),
    Workload("1-row producer turn", "http", "producer1row", 10000, 2.0, mode="stream"),
    Workload("1-row exchange turn", "http", "exchange1row", 10000, 2.0, mode="stream"),
    Workload("512 KiB producer turn", "http", "producer512K", 600, mode="stream"),
    Workload("echo 1 MiB", "http", "echo", 300, size=1024 * KIB),
    Workload("add, 32 connections", "http", "add", 100000, 0.75, connections=32),
]

METHODS = {
    "add": "add_floats",
    "void": "void_noop",
    "echo": "echo_bytes",
    "producer1row": "produce_n",
    "producer512K": "produce_large_batches",
    "exchange1row": "exchange_scale",
}
ARROW = "application/vnd.apache.arrow.stream"


@dataclass
class Server:
    """A command line; `epoch` names the recorded requests it understands."""

    name: str
    argv: list[str]
    epoch: str
    share: float = 1.0  # of the calls of a workload
    http_argv: list[str] | None = None  # in place of argv
    sockets: dict[str, tuple[str, int]] = field(default_factory=dict)


class Bench:
    def __init__(self, build: Path, scratch: Path, stack: contextlib.ExitStack) -> None:
        self.bin = build / "bin"
        self.scratch = scratch
        self.stack = stack
        worker = str(self.bin / "vgirpc-bench-worker")
        self.ours = Server("vgirpc", [worker], "seed", http_argv=[f"{worker}-http"])
        self.limit = Server("limit", [str(self.bin / "vgirpc-bench-limit")], "seed")

    def payload(self, load: Workload, epoch: str, kind: str) -> Path:
        """A file with what the client sends, recorded or made."""
        recorded = HERE / "payloads" / epoch / f"{load.recording}.{kind}"
        made = self.scratch / f"{load.key}-{epoch}.{kind}"
        if made.exists():
            return made
        if load.payload == "echo":
            shared = [SEGMENT, segment_size(load)] if load.transport == "shm" else []
            made.write_bytes(self.make("echo", str(load.size), epoch, *shared))
        elif load.transport == "shm":
            made.write_bytes(ipc.with_values(recorded.read_bytes(), self.pointer(load)))
        elif load.size and kind == "tick":
            values = self.region(load).read_bytes()
            batch = next(m for m in ipc.messages(values) if m.metadata and m.body_length())
            made.write_bytes(values[batch.begin : batch.end])
        else:
            return recorded
        return made

    def make(self, *what: str) -> bytes:
        return subprocess.run([self.bin / "vgirpc-bench-payload", *what], check=True, capture_output=True).stdout

    def region(self, load: Workload) -> Path:
        """The input of a big exchange, as it is in shared memory."""
        file = self.scratch / f"values-{load.size}"
        if not file.exists():
            file.write_bytes(self.make("values", str(load.size)))
        return file

    def pointer(self, load: Workload) -> dict[bytes, bytes]:
        """Our values of the metadata that have to do with shared memory."""
        values = {b"vgi_rpc.shm_segment_name": SEGMENT, b"vgi_rpc.shm_segment_size": segment_size(load)}
        if load.payload == "exchange1row":
            values |= {b"vgi_rpc.shm_offset": "65536", b"vgi_rpc.shm_length": str(self.region(load).stat().st_size)}
        return {key: value.encode() for key, value in values.items()}

    def segment(self, load: Workload) -> list[str]:
        """The client's options for shared memory."""
        if load.transport != "shm":
            return []
        region = ["-r", str(self.region(load))] if load.payload == "exchange1row" else []
        return ["-S", SEGMENT, "-z", segment_size(load), *region]

    def serve(self, argv: list[str], cores: set[int]) -> tuple[str, int]:
        """Start a server that announces a socket; return its path or port, and the process id."""
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        line = process.stdout.readline().strip() if process.stdout else ""
        if not line.startswith(("UNIX:", "PORT:")):
            sys.exit(f"{argv[0]}: expected UNIX:<path> or PORT:<n>, got {line!r}")
        if line.startswith("PORT:"):
            await_port(int(line[5:]))
        return line[5:], process.pid

    def limit_argv(self, load: Workload) -> list[str]:
        """Arguments that make the limit answer this workload with the bytes that we answer."""
        prefix = self.scratch / f"answer-{load.key}"
        if not Path(f"{prefix}.first").exists():
            how = {"mode": "stream" if load.mode == "stream" else "unary",
                   "transport": "shm" if load.transport == "shm" else "pipe"}
            self.raw(replace(load, **how), self.ours, 1, ["-d", str(prefix)])
        if load.mode != "stream":
            return [str(self.payload(load, "seed", "request").stat().st_size), f"{prefix}.first"]
        tick = self.payload(load, "seed", "tick").stat().st_size
        opening = self.payload(load, "seed", "open").stat().st_size + tick
        return [str(opening), f"{prefix}.first", str(tick), f"{prefix}.turn"]

    def target(self, load: Workload, server: Server) -> list[str]:
        """The end of the client's command line: how it reaches the server."""
        if load.transport in ("pipe", "shm"):
            how = ["--pipe"] if load.transport == "pipe" else ["--shm", SEGMENT, str(load.size)]
            return ["--", *server.argv, *([*how, *self.limit_argv(load)] if server is self.limit else [])]
        key = load.key if server is self.limit else ""
        if key not in server.sockets:
            path = str(self.scratch / f"{server.name}{key}")
            extra = [path, *self.limit_argv(load)] if server is self.limit else ["--unix", path]
            server.sockets[key] = self.serve([*server.argv, *extra], {CORE})
        path, pid = server.sockets[key]
        return ["-u", path, "-x", str(pid)]

    def http_target(self, load: Workload, server: Server) -> tuple[str, int]:
        """Port and process id of a server."""
        limit = server is self.limit
        pinned = load.connections == 1
        key = f"http {pinned} {load.key if limit else ''}"
        if key not in server.sockets:
            extra = ["--http"]
            if limit:
                answer = self.scratch / f"answer-{load.key}.http"
                self.http(load, self.ours, 1, ["-d", str(answer)])
                extra.append(str(answer))
            argv = [*(server.http_argv or server.argv), *extra]
            server.sockets[key] = self.serve(argv, {CORE} if pinned else os.sched_getaffinity(0))
        return server.sockets[key]

    def http_request(self, load: Workload, server: Server, port: str) -> Path:
        """A file with the whole request; a continuation has tokens of the server on that port."""
        file = self.scratch / f"{load.key}-{port}.http"
        if file.exists():
            return file
        path = f"/{METHODS[load.payload]}"
        if server.epoch == "current":
            path = f"/ConformanceService{path}"
        if load.mode == "stream":
            opening = self.payload(load, server.epoch, "open").read_bytes()
            end = next(message.end for message in ipc.messages(opening) if not message.metadata)
            url = f"http://127.0.0.1:{port}{path}/init"
            request = urllib.request.Request(url, opening[:end], {"Content-Type": ARROW})
            with urllib.request.urlopen(request) as answer:
                tokens = ipc.custom_metadata(answer.read())
            body = ipc.with_values(self.payload(load, server.epoch, "turn").read_bytes(), tokens)
            path += "/exchange"
        else:
            body = self.payload(load, server.epoch, "request").read_bytes()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Content-Type: {ARROW}\r\nContent-Length: {len(body)}\r\n\r\n"
        check_answer(port, head.encode() + body, load)
        file.write_bytes(head.encode() + body)
        return file

    def http(self, load: Workload, server: Server, calls: int, extra: list[str]) -> dict[str, float]:
        port, pid = self.http_target(load, server)
        asked = self.ours if server is self.limit else server
        request = self.http_request(load, asked, port if asked is server else self.http_target(load, asked)[0])
        argv = [str(self.bin / "vgirpc-bench-http"), "-p", str(request), "-P", port, "-x", str(pid), "-n", str(calls)]
        argv += ["-w", str(max(1, calls // 10)), "-k", str(load.connections), *extra]
        argv += ["-c", str(CORE)] if load.connections == 1 else []
        return self.run(load, server, argv)

    def run(self, load: Workload, server: Server, argv: list[str]) -> dict[str, float]:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            sys.exit(f"{load.title}: {server.name}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def measure(self, load: Workload, server: Server, calls: int) -> dict[str, float]:
        return (self.http if load.transport == "http" else self.raw)(load, server, calls, [])

    def raw(self, load: Workload, server: Server, calls: int, extra: list[str]) -> dict[str, float]:
        stream = load.mode == "stream"
        argv = [str(self.bin / "vgirpc-bench-raw"), "-m", load.mode, "-c", str(CORE), "-s", str(CORE), "-n", str(calls)]
        argv += ["-w", str(max(1, calls // 10)), "-k", str(load.depth), *self.segment(load), *extra]
        argv += ["-p", str(self.payload(load, server.epoch, "open" if stream else "request"))]
        argv += ["-t", str(self.payload(load, server.epoch, "tick"))] if stream else []
        return self.run(load, server, argv + self.target(load, server))


def segment_size(load: Workload) -> str:
    """For an input, an answer and what is around them."""
    return str(2 * load.size + 1024 * KIB)


def await_port(port: int) -> None:
    """The reference announces its port before it listens."""
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def check_answer(port: str, request: bytes, load: Workload) -> None:
    """An error would be answered sooner than a result."""
    head, body = request.split(b"\r\n\r\n", 1)
    url = f"http://127.0.0.1:{port}{head.split()[1].decode()}"
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": ARROW})) as answer:
        if b"EXCEPTION" in answer.read():
            sys.exit(f"{load.title}: answered with an error")


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure(bench: Bench, servers: list[Server], options: argparse.Namespace) -> list[dict]:
    loads = [w for w in WORKLOADS if re.search(options.only, w.title)]
    samples: dict[tuple[str, str], list[dict]] = {}
    for repeat in range(options.repeats):
        started = time.monotonic()
        for load in loads:
            for server in servers:
                calls = max(load.depth, int(load.calls * options.scale * server.share))
                cost = bench.measure(load, server, calls)
                samples.setdefault((load.title, server.name), []).append(cost)
        print(f"round {repeat + 1} of {options.repeats}: {time.monotonic() - started:.0f} s", file=sys.stderr)

    rows = []
    for load in loads:
        row: dict = {"workload": load.title, "goal": load.goal, "goal_us": load.goal_us, "figure": load.figure}
        row["servers"] = {}
        for server in servers:
            costs = samples[load.title, server.name]
            row["servers"][server.name] = {key: spread([c[key] for c in costs]) for key in costs[0]}
        floor = row["servers"]["limit"][row["figure"]]["median"]
        for entry in row["servers"].values():
            entry["ratio"] = entry[row["figure"]]["median"] / floor
        rows.append(row)
    return rows


def text_size(library: Path) -> int | None:
    done = subprocess.run(["size", str(library)], capture_output=True, text=True)
    return int(done.stdout.splitlines()[1].split()[0]) if done.returncode == 0 else None


def arrow_codec(bench: Bench) -> list[str]:
    program = bench.bin / "vgirpc-bench-arrow"
    if not program.exists():
        return []
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout.splitlines()


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def verdict(row: dict) -> str:
    goal, figures = row["goal"], row["servers"]
    if row["goal_us"]:
        met = figures["vgirpc"]["cpu_us"]["median"] <= row["goal_us"]
        return f"<= {row['goal_us']} us {'met' if met else 'missed'}"
    if goal is None:
        return "-"
    if row["figure"] == "per_s":
        return f">= {goal}x {'met' if figures['vgirpc']['ratio'] >= goal else 'missed'}"
    if row["figure"] == "cpu_us":
        return f"<= {goal}x {'met' if figures['vgirpc']['ratio'] <= goal else 'missed'}"
    above_ms = (figures["vgirpc"]["p50_us"]["median"] - figures["limit"]["p50_us"]["median"]) / 1000
    return f"<= {goal} ms above {'met' if above_ms <= goal else 'missed'}"


def print_rows(rows: list[dict], servers: list[Server]) -> None:
    names = [s.name for s in servers]
    print("| server CPU per call, us | " + " | ".join(names) + " | x limit | goal |")
    print("|-|" + "-|" * (len(names) + 2))
    for row in rows:
        cells = []
        for name in names:
            figure = row["servers"][name][row["figure"]]
            cells.append(f"{number(figure['median'])} [{number(figure['min'])}..{number(figure['max'])}]")
        ratio = row["servers"]["vgirpc"]["ratio"]
        title = row["workload"] + {"p50_us": " (elapsed)", "per_s": " (calls/s)"}.get(row["figure"], "")
        print(f"| {title} | " + " | ".join(cells) + f" | {ratio:.2f} | {verdict(row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, required=True, help="a release build")
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of calls")
    parser.add_argument("--only", default="", metavar="REGEX", help="workloads whose title matches")
    parser.add_argument("--python15", type=Path, help="python with release 0.15.0 of the reference")
    parser.add_argument("--python52", type=Path, help="python with release 0.52.2 of the reference")
    options = parser.parse_args()

    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vgirpc-bench-")))
        bench = Bench(options.build.resolve(), scratch, stack)
        servers = [bench.limit, bench.ours]
        worker = str(HERE / "reference_worker.py")
        if options.python15:
            servers.append(Server("python 0.15.0", [str(options.python15), worker], "seed", 0.1))
        if options.python52:
            servers.append(Server("python 0.52.2", [str(options.python52), worker], "current", 0.1))
        rows = measure(bench, servers, options)
        codec = arrow_codec(bench)

    print_rows(rows, servers)
    size = text_size(bench.bin.parent / "lib" / "libvgirpc.so")
    cold = next((r["servers"]["vgirpc"] for r in rows if r["figure"] == "p50_us"), None)
    print()
    if cold:
        print(f"anonymous memory of a worker after one call: {cold['anon_kib']['median'] / 1024:.2f} MiB (goal 1.5)")
    if size:
        print(f"code and constants of libvgirpc.so: {size / 1024:.0f} KiB")
    for line in codec:
        print(line)
    if options.json:
        found = {"machine": platform.processor() or platform.machine(), "kernel": platform.release(),
                 "cores": os.cpu_count(), "rows": rows, "library_text_bytes": size, "arrow": codec}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


main()
