#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command and a worker with a store between them, on each transport.

    tests/external/cli.py [BUILD]

Everything that has rows goes by way of the store, which this process is.
"""

import http.server
import json
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
WORKER = BUILD / "bin/vgirpc-conformance-worker"
PATIENCE_S = 60
REQUEST_CAP = 65536


class Store(http.server.ThreadingHTTPServer):
    """POST /alloc makes a URL, to which bytes are PUT and from which they are fetched."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects, self.gets, self.cuts, self.flip = {}, 0, 0, False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", coding=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        url = f"{self.server.url}/{len(self.server.objects)}"
        self.server.objects[url] = None
        self.answer(200, json.dumps({"object_url": url}).encode())

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.objects[self.server.url + self.path] = body, self.headers["Content-Encoding"]
        self.answer(200)

    def do_GET(self):
        store = self.server
        body, coding = store.objects[store.url + self.path]
        if self.command == "GET":
            store.gets += 1
            if store.cuts:
                store.cuts -= 1
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])
                self.close_connection = True
                return
        if store.flip:
            body = body[:-20] + bytes([body[-20] ^ 1]) + body[-19:]
        self.answer(200, body, coding)

    do_HEAD = do_GET


class Worker:
    """One that listens, as a target."""

    def __init__(self, folder, kind, store, *options):
        at = ["--unix", f"{folder}/socket-{kind}"] if kind == "unix" else ["--http"]
        command = [WORKER, *at, "--fake-storage", store.url, "--externalize-threshold", "1", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.target = self.process.stdout.readline().strip()
        if kind == "http":
            self.target = "http://127.0.0.1:" + self.target.partition(":")[2]
        else:
            self.target = "unix:" + self.target.partition(":")[2]

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def run(what, target, *operands):
    command = [BUILD / "bin/vgirpc", what, target, *operands]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout, done.stderr


def follows(store, target):
    """All that has rows has been at the store, and nobody could tell."""
    before, gets = len(store.objects), store.gets
    status, out, err = run("call", target, "echo_string", "value=hello", "--any-url", "--format", "json")
    assert (status, out.strip()) == (0, '{"result":"hello"}'), (status, out, err)
    assert len(store.objects) == before + 1 and store.gets == gets + 1
    status, out, err = run("stream", target, "produce_n", "count=3", "--any-url", "--format", "json")
    assert status == 0 and len(out.split()) == 3, (status, out, err)
    assert len(store.objects) == before + 4 and store.gets == gets + 4


def refuses(store, target):
    """Without being told, the command does not go to this machine, nor by plain http."""
    gets = store.gets
    status, out, err = run("call", target, "echo_string", "value=hello")
    assert status == 1 and not out and "only https is allowed" in err, (status, out, err)
    assert store.gets == gets


def survives(store, target):
    """A body that was cut is fetched again, one that was changed is none."""
    store.cuts = 1
    status, out, err = run("call", target, "echo_string", "value=hello", "--any-url", "--format", "json")
    assert (status, out.strip()) == (0, '{"result":"hello"}'), (status, out, err)
    store.flip = True
    status, out, err = run("call", target, "echo_string", "value=hello", "--any-url")
    store.flip = False
    found = "SHA-256 checksum mismatch" in err or "does not decode" in err
    assert status == 1 and not out and found, (status, out, err)


def uploads(store, target):
    """What the server would refuse with 413 is put into the store."""
    before = len(store.objects)
    text = "x" * (REQUEST_CAP + REQUEST_CAP // 2)
    status, out, err = run("call", target, "echo_string", f"value={text}", "--any-url", "--format", "json")
    assert (status, out.strip()) == (0, f'{{"result":"{text}"}}'), (status, err)
    assert len(store.objects) == before + 2  # the request, and the answer
    status, out, err = run("call", target, "echo_string", f"value={text}")
    assert status == 1 and "only https is allowed" in err, (status, err)


def main():
    store, passed, failed, workers = Store(), 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        try:
            pipe = f"exec:{WORKER} --fake-storage {store.url} --externalize-threshold 1"
            workers = [
                Worker(folder, "unix", store, "--compression", "zstd"),
                Worker(folder, "http", store, "--max-request-bytes", str(REQUEST_CAP)),
            ]
            unix, web = (worker.target for worker in workers)
            tests = [(test, target) for test in (follows, refuses, survives) for target in (pipe, unix, web)]
            for test, target in [*tests, (uploads, web)]:
                try:
                    test(store, target)
                    passed += 1
                except Exception:
                    failed += 1
                    print(f"{test.__name__}, {target}: FAILED")
                    traceback.print_exc(file=sys.stdout)
        finally:
            for worker in workers:
                worker.end()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
