#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast objects are fetched, as a ratio to curl, from a plain server on this machine.

    tests/stores/speed.py [BUILD] [ROUNDS]

Each round asks all of them, one after the other; the medians count.
"""

import os
import re
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 7
MIB = 1 << 20


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Late ranges are given up."""


class Handler(socketserver.StreamRequestHandler):
    """GET and HEAD of one file, whole or in ranges, from the page cache to the socket."""

    def handle(self):
        while line := self.rfile.readline():
            head = b""
            while (more := self.rfile.readline()) not in (b"\r\n", b""):
                head += more
            size = os.path.getsize(self.server.path)
            first, last, status = 0, size - 1, "200 OK"
            if match := re.search(rb"(?i)range: bytes=(\d+)-(\d+)", head):
                first, last, status = int(match[1]), int(match[2]), "206 Partial"
            answer = (
                f"HTTP/1.1 {status}\r\nAccept-Ranges: bytes\r\nContent-Length: {last - first + 1}\r\n"
                f"Content-Range: bytes {first}-{last}/{size}\r\n\r\n"
            )
            self.request.sendall(answer.encode())
            if line.startswith(b"GET"):
                with open(self.server.path, "rb") as file:
                    file.seek(first)
                    self.request.sendfile(file, first, last - first + 1)


def run(*command):
    """What it prints, and the processor's seconds that it took."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, (command, text)
    return text, usage.ru_utime + usage.ru_stime


def curl(url, sink):
    """Seconds by the clock, and of the processor."""
    text, cpu = run("curl", "-s", "-o", sink, "-w", "%{time_total}", url)
    return float(text), cpu


def ours(url, *options):
    """The same without the digest, whose seconds are told apart, and the peak in MiB."""
    text, _ = run(BUILD / "tests/fetch-tool", url, *options)
    _, us, cpu_us, digest_us, kib, _ = text.split()
    return int(us) / 1e6, int(cpu_us) / 1e6, int(digest_us) / 1e6, int(kib) / 1024


def main():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, Server(("127.0.0.1", 0), Handler) as server:
        server.path = f"{folder}/object"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/object"
        for size in (64, 256):
            Path(server.path).write_bytes(os.urandom(size * MIB))
            kinds = {
                "one connection": [f"parallel_bytes={1024 * MIB}"],
                "ranges": [f"parallel_bytes={MIB}"],
            }
            rounds = {kind: [] for kind in ["curl", *kinds]}
            for _ in range(ROUNDS):
                rounds["curl"].append(curl(url, f"{folder}/copy"))
                for kind, options in kinds.items():
                    rounds[kind].append(ours(url, *options))
            middle = {kind: [statistics.median(each) for each in zip(*all)] for kind, all in rounds.items()}
            clock, cpu = middle.pop("curl")
            print(f"{size} MiB: curl {size / clock:.0f} MiB/s, {cpu:.2f} s of the processor")
            for kind, (our_clock, our_cpu, digest, peak) in middle.items():
                print(
                    f"  {kind}: {clock / our_clock:.2f} of curl's speed, {our_cpu / cpu:.2f} of its processor time, "
                    f"peak {peak:.0f} MiB, digest {size / digest:.0f} MiB/s"
                )
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
