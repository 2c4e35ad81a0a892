#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stores against real servers, which tests/stores/servers.sh has built.

    tests/stores/servers.py BUILD FOLDER-OF-SERVERS ALREADY-FAILED SERVER...
"""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from stub import aws_signature, canonical_request, sha256
from tooling import MIB, ROOT, WORK, fetch, flipped, follow, ok, payload, refused, run_all, tool

BIN, FAILED, SERVERS = sys.argv[2], int(sys.argv[3]), sys.argv[4:]
REGION, BUCKET, WHO, SECRET = "us-east-1", "batches", "testkey", "test/secret+123"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A server, as a process that can be killed and started again."""

    def __init__(self, name):
        self.name, self.port = name, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = WORK / f"{name}-{self.port}"
        self.folder.mkdir()
        self.start()

    def command(self):
        at = f"127.0.0.1:{self.port}"
        if self.name == "versitygw":
            return ["--port", at, "posix", str(self.folder)]
        if self.name == "minio":
            return ["server", str(self.folder), "--address", at]
        host, port = at.split(":")
        return f"-scheme http -host {host} -port {port} -backend memory -public-host {at}".split()

    def start(self):
        env = {
            **{f"{prefix}_{kind}": value for prefix, kind, value in (
                ("ROOT", "ACCESS_KEY", WHO), ("ROOT", "SECRET_KEY", SECRET),
                ("MINIO_ROOT", "USER", WHO), ("MINIO_ROOT", "PASSWORD", SECRET))},
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
        }  # fmt: skip
        log = open(WORK / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            [f"{BIN}/{self.name}", *self.command()], env=env, stdout=log, stderr=log, cwd=WORK
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(self.name)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Proxy:
    """Passes bytes on to a server; `cut` ends connections after so many bytes, for a number of
    times, `answer_cuts` do so to answers, and `flip` changes one byte of what a client sends."""

    def __init__(self, port):
        self.target, self.cuts, self.cut_at, self.flip_at = port, 0, 0, None
        self.answer_cuts = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.upward, args=(client, server), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client), daemon=True).start()

    def copy(self, source, sink):
        seen = 0
        try:
            while data := source.recv(65536):
                sink.sendall(data)
                seen += len(data)
                if self.answer_cuts > 0 and seen > self.cut_at:
                    self.answer_cuts -= 1
                    break
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def upward(self, client, server):
        seen = 0
        try:
            while data := client.recv(65536):
                if self.flip_at is not None and seen <= self.flip_at < seen + len(data):
                    at = self.flip_at - seen
                    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
                seen += len(data)
                if self.cuts > 0 and seen > self.cut_at:
                    self.cuts -= 1
                    client.close()
                    server.close()
                    return
                server.sendall(data)
        except OSError:
            pass


# ---- S3 ----


def make_bucket(server):
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    headers = {"host": urlsplit(server.url).netloc, "x-amz-content-sha256": sha256(b""), "x-amz-date": stamp}
    request = canonical_request("PUT", f"/{BUCKET}", [], headers, sorted(headers), sha256(b""))
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, sha256(request.encode())])
    names = ";".join(sorted(headers))
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={WHO}/{scope}, SignedHeaders={names}, "
        f"Signature={aws_signature(SECRET, scope, text)}"
    )
    del headers["host"]
    status, body = fetch(f"{server.url}/{BUCKET}", "PUT", None, headers)
    assert status == 200, (status, body)


def s3(at, what, **named):
    keys = {"access_key_id": WHO, "secret_access_key": SECRET}
    return tool("s3", what, **{"bucket": BUCKET, "endpoint": at.url, "region": REGION, **keys, **named})


def s3_upload(server):
    for size in (0, 1000, 3 * MIB):
        path, data = payload(size)
        (url,) = ok(s3(server, ["upload", path], prefix="vgi rpc/ü+%25&=/"))
        assert fetch(url) == (200, data)


def s3_multipart(server):
    path, data = payload(20 * MIB + 5)
    (url,) = ok(s3(server, ["upload", path], multipart_bytes=MIB, coding="zstd"))
    assert fetch(url) == (200, data)


def s3_urls(server):
    _, data = payload(1000)
    put, get, _ = ok(s3(server, ["urls"]))
    assert fetch(put, "PUT", data, {"Content-Type": "application/x"})[0] == 200
    assert fetch(get) == (200, data)
    assert fetch(get, "PUT", data)[0] == 403


def s3_tampered(server):
    path, _ = payload(1000)
    (url,) = ok(s3(server, ["upload", path]))
    for name in ("X-Amz-Signature", "X-Amz-Expires"):
        assert fetch(flipped(url, name))[0] == 403
    assert fetch(url.replace(".arrow?", ".arrox?"))[0] == 403
    refused(s3(server, ["upload", path], secret_access_key="wrong"), "SignatureDoesNotMatch")
    refused(s3(server, ["upload", path], access_key_id="nobody"), "status 40", "ccess")
    refused(s3(server, ["upload", path], bucket="no-such-bucket"), "NoSuchBucket")


def s3_expired(server):
    (url,) = ok(s3(server, ["upload", payload(10)[0]], presign_expiry_s=3))
    assert fetch(url)[0] == 200
    time.sleep(4)
    assert fetch(url)[0] == 403


def s3_wrong_hash(server):
    """A byte of the body changes on its way."""
    path, _ = payload(3 * MIB)
    proxy = Proxy(server.port)
    ok(s3(proxy, ["upload", path]))
    proxy.flip_at = 2 * MIB
    refused(s3(proxy, ["upload", path]), "VGI_EIO", "400")


def killed(server, run):
    """The server is killed in the middle of an upload, and comes back."""
    path, data = payload(20 * MIB + 5)
    proxy = Proxy(server.port)
    proxy.cuts, proxy.cut_at = 1, 10 * MIB
    (url,) = ok(run(proxy, ["upload", path]))
    assert fetch(url.replace(proxy.url, server.url), headers={"Host": urlsplit(proxy.url).netloc}) == (200, data)

    restarting = threading.Timer(0.2, restart, (server,))
    restarting.start()
    ok(run(server, ["upload", path], retries=20, times=3))
    restarting.join()


def slow(server, run):
    server.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        refused(run(server, ["upload", payload(1000)[0]], timeout_ms=1500), "VGI_ETIMEDOUT")
        assert 1 < time.monotonic() - started < 10
    finally:
        server.process.send_signal(signal.SIGCONT)
    ok(run(server, ["upload", payload(1000)[0]]))


def restart(server):
    server.kill()
    time.sleep(0.3)
    server.start()


IN_RANGES = {"parallel_bytes": MIB, "chunk_bytes": MIB}


def followed(server, run):
    """What was uploaded is fetched, in one piece and in ranges, and not from a server that hangs."""
    path, data = payload(20 * MIB + 5)
    (url,) = ok(run(server, ["upload", path]))
    for options in ({}, IN_RANGES):
        assert ok(follow(url, **options)) == [hashlib.sha256(data).hexdigest()]
        refused(follow(url, **options, max_fetch_bytes=20 * MIB), "VGI_ELIMIT")
    server.process.send_signal(signal.SIGSTOP)
    try:
        refused(follow(url, timeout_ms=1000), "VGI_ETIMEDOUT")
    finally:
        server.process.send_signal(signal.SIGCONT)


def s3_followed(server):
    followed(server, s3)
    (url,) = ok(s3(server, ["upload", payload(1000)[0]], presign_expiry_s=3))
    ok(follow(url))
    refused(follow(flipped(url, "X-Amz-Signature")), "HTTP 403")
    time.sleep(4)
    refused(follow(url), "HTTP 403")


def s3_followed_on(server):
    """Answers are cut off, and the server is killed and comes back."""
    path, data = payload(20 * MIB + 5)
    digest = hashlib.sha256(data).hexdigest()
    proxy = Proxy(server.port)
    (cut_url,), (url,) = ok(s3(proxy, ["upload", path])), ok(s3(server, ["upload", path]))
    for options in ({}, IN_RANGES):
        proxy.answer_cuts, proxy.cut_at = 2, MIB // 2
        assert ok(follow(cut_url, **options)) == [digest]
        assert proxy.answer_cuts == 0
        restarting = threading.Timer(0.1, restart, (server,))
        restarting.start()
        for _ in range(5):
            assert ok(follow(url, **options, retries=20)) == [digest]
        restarting.join()


def s3_killed(server):
    killed(server, s3)


def s3_slow(server):
    slow(server, s3)


# ---- GCS ----


def gcs(at, what, **named):
    env = {"STORAGE_EMULATOR_HOST": at.url}
    return tool("gcs", what, env=env, **{"bucket": BUCKET, **named})


def make_gcs_bucket(server):
    body = f'{{"name":"{BUCKET}"}}'
    status, answer = fetch(f"{server.url}/storage/v1/b", "POST", body, {"Content-Type": "application/json"})
    assert status == 200, (status, answer)


def gcs_upload(server):
    for size in (0, 1000, 3 * MIB):
        path, data = payload(size)
        (url,) = ok(gcs(server, ["upload", path], prefix="vgi rpc/ü+%25&=/"))
        assert fetch(url) == (200, data)


def gcs_stored(server):
    """Under its name, with its type and coding, and as it was sent."""
    path, data = payload(1000)
    (url,) = ok(gcs(server, ["upload", path], coding="zstd"))
    name = unquote(urlsplit(url).path).partition(f"/{BUCKET}/")[2].replace("/", "%2F")
    status, body = fetch(f"{server.url}/storage/v1/b/{BUCKET}/o/{name}")
    assert status == 200 and b'"contentEncoding":"zstd"' in body
    assert b'"contentType":"application/vnd.apache.arrow.stream"' in body
    status, stored = fetch(f"{server.url}/storage/v1/b/{BUCKET}/o/{name}?alt=media")
    assert hashlib.sha256(stored).digest() == hashlib.sha256(data).digest()


def gcs_urls(server):
    """It looks for a signature, but not at it."""
    _, data = payload(1000)
    account = ROOT / "components/gcs/tests/service_account.json"
    put, get, _ = ok(gcs(server, ["urls"], credentials_file=account))
    assert "X-Goog-Signature" in put
    assert fetch(put, "PUT", data, {"Content-Type": "application/x"})[0] == 200
    assert fetch(get) == (200, data)


def gcs_followed(server):
    followed(server, gcs)


def gcs_slow(server):
    slow(server, gcs)


def gcs_no_bucket(server):
    refused(gcs(server, ["upload", payload(10)[0]], bucket="no-such-bucket"), "404")


def main():
    tests, running = {}, []
    try:
        for name in SERVERS:
            server = Server(name)
            running.append(server)
            kind = "gcs_" if name == "fake-gcs-server" else "s3_"
            (make_gcs_bucket if kind == "gcs_" else make_bucket)(server)
            for test, value in globals().items():
                if test.startswith(kind):
                    tests[f"{name}: {test}"] = (value, server)
        return run_all(tests, lambda pair: pair[0](pair[1]), FAILED)
    finally:
        for server in running:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
