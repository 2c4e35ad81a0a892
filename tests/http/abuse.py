#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The worst client: malformed bodies, forged tokens, bombs, strange heads, odd timing.

    tests/http/abuse.py [BUILD]

Whatever is sent, the worker answers with a status that fits, never a 5xx, never silently
closes, holds no more memory than its cap allows, and serves the next client.
"""

import base64
import concurrent.futures
import gzip
import hashlib
import hmac
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import ipc  # noqa: E402

BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
WORKER = BUILD / "bin/vgirpc-conformance-worker"
PAYLOADS = ROOT / "bench/payloads/seed"
ARROW = "application/vnd.apache.arrow.stream"
TOKEN = b"vgi_rpc.stream_state#b64"
KEY = bytes(range(32))
PATIENCE = 30
SANITIZED = any(name in WORKER.read_bytes() for name in (b"__asan_init", b"__tsan_init"))


STREAMS = {  # and the recorded requests for them
    "produce_n": "producer1row",
    "exchange_scale": "exchange1row",
    "produce_large_batches": "producer512K",
}


class Failure(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(str(w) for w in what))


# ---- a worker and a client ----


class Worker:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [str(WORKER), "--http", "--token-key", KEY.hex(), *options], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline().removeprefix("PORT:"))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "never"
        self.process.stdout.close()
        if error[0] is None:
            check(status == 0, "the worker ended with status", status)

    def memory(self, key="VmHWM"):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(key + r":\s+(\d+)", text).group(1)) << 10

    def connect(self):
        made = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class Response:
    def __init__(self, status, head, body):
        self.status, self.body, self.closes = status, body, False
        self.fields = {}
        for line in head:
            name, _, value = line.partition(":")
            check(name.lower() not in self.fields or name.lower() == "set-cookie", "twice:", name)
            self.fields[name.lower()] = value.strip()
        self.closes = self.fields.get("connection", "").lower() == "close"


class Client:
    """One connection; reads strictly what a response may look like."""

    def __init__(self, worker):
        self.worker = worker
        self.socket = worker.connect()
        self.held = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # refused on the way: the answer tells

    def more(self):
        try:
            got = self.socket.recv(1 << 16)
        except ConnectionResetError:
            raise Failure("reset") from None
        except TimeoutError:
            raise Failure("no answer in time") from None
        check(got, "closed without an answer" if not self.held else f"closed in an answer: {self.held[:80]!r}")
        self.held += got

    def exactly(self, length):
        data = bytearray(length)
        view = memoryview(data)
        while view:
            try:
                got = self.socket.recv_into(view)
            except TimeoutError:
                raise Failure("no more of an answer in time") from None
            check(got, "closed in an answer")
            view = view[got:]
        return bytes(data)

    def response(self, head=False):
        while b"\r\n\r\n" not in self.held:
            self.more()
        first, _, self.held = self.held.partition(b"\r\n\r\n")
        lines = first.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z0-9 '-]*", lines[0])
        check(found, "status line", lines[0])
        for line in lines[1:]:
            check(re.fullmatch(r"[A-Za-z0-9-]+: [\x20-\x7e]*", line), "header line", repr(line))
        made = Response(int(found.group(1)), lines[1:], b"")
        if made.status == 100:
            return made
        check("x-request-id" in made.fields, "no X-Request-ID:", lines)
        if not head:
            length = int(made.fields.get("content-length", "0"))
            made.body, self.held = self.held[:length], self.held[length:]
            if len(made.body) < length:
                made.body += self.exactly(length - len(made.body))
        return made

    def closed(self):
        """The server closes, having sent nothing more."""
        try:
            rest = self.held + self.socket.recv(1 << 16)
        except ConnectionResetError:
            return
        except TimeoutError:
            raise Failure("the connection stays open") from None
        check(rest == b"", "more after the end:", rest[:200])

    def ask(self, *what, **more):
        self.send(post(*what, **more))
        return self.response()


def post(path, body=b"", headers=(), content_type=ARROW, length=None):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def payload(name):
    return (PAYLOADS / name).read_bytes()


def at_once(count, do):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(do) for _ in range(count)]:
            done.result()


def works(worker):
    with Client(worker) as client:
        answer = client.ask("/add_floats", payload("add.request"))
        check(answer.status == 200 and struct.pack("<d", 3.75) in answer.body, "add no longer works:", answer.status)


def refused_or_answered(answer, what):
    """A hostile body is refused with 400, or was harmless; one kept connection serves them all."""
    check(answer.status in (200, 400), what, "->", answer.status, answer.body[:200])
    check(not answer.closes, what, "closed the connection")


# ---- bodies ----


def hostile_streams():
    """Streams that other tests decode, good and bad."""
    for folder in ("ipc_schema", "wire_stream_reader", "request", "bind"):
        for file in sorted((ROOT / "fuzz/corpus" / folder).iterdir()):
            yield file.name, file.read_bytes()
    for file in sorted((ROOT / "tests/golden").glob("*.arrows")):
        yield file.name, file.read_bytes()


def mutations(data, step=1):
    for at in range(0, len(data), step):
        yield f"cut at {at}", data[:at]
        for value in {data[at] ^ 0xFF, data[at] ^ 0x01, 0x7F, 0x80} - {data[at]}:
            yield f"byte {at} is {value}", data[:at] + bytes([value]) + data[at + 1 :]
    for at in range(0, len(data) - 7, 8):
        for value in (-1, 1 << 62, 1 << 31, -(1 << 63)):
            yield f"word {at} is {value}", data[:at] + struct.pack("<q", value) + data[at + 8 :]


def crafted_schema(depth):
    """A schema whose fields have two children each, which are one and the same."""
    b = bytearray(4)

    def u32(value):
        b.extend(struct.pack("<I", value))

    def pad(to):
        b.extend(bytes(-len(b) % to))

    table = len(b)
    b.extend(struct.pack("<HHHHHH", 12, 24, 20, 22, 4, 8))
    pad(8)
    message = len(b)
    struct.pack_into("<I", b, 0, message)
    b.extend(bytes(24))
    struct.pack_into("<i", b, message, message - table)
    struct.pack_into("<hB", b, message + 20, 4, 1)
    table = len(b)
    b.extend(struct.pack("<HHHH", 8, 8, 0, 4))
    schema = len(b)
    struct.pack_into("<I", b, message + 4, schema - message - 4)
    b.extend(struct.pack("<ii", schema - table, 4))
    u32(1)
    slots = [len(b)]
    u32(0)
    field_table = len(b)
    b.extend(struct.pack("<HHHHHHHH", 16, 20, 4, 8, 9, 12, 0, 16))
    type_table = len(b)
    b.extend(struct.pack("<HH", 4, 4))
    for level in range(depth):
        field = len(b)
        for slot in slots:
            struct.pack_into("<I", b, slot, field - slot)
        b.extend(struct.pack("<iIBBxxII", field - field_table, 16, 1, 13, 16, 0))
        u32(1)
        b.extend(b"x\0\0\0")
        struct.pack_into("<I", b, field + 12, len(b) - field - 12)
        b.extend(struct.pack("<i", len(b) - type_table))
        struct.pack_into("<I", b, field + 16, len(b) - field - 16)
        last = level == depth - 1
        u32(0 if last else 2)
        slots = [] if last else [len(b), len(b) + 4]
        if not last:
            u32(0)
            u32(0)
    pad(8)
    return struct.pack("<Ii", 0xFFFFFFFF, len(b)) + bytes(b) + struct.pack("<Ii", 0xFFFFFFFF, 0)


def bodies_of_every_kind(worker):
    paths = ("/add_floats", "/echo_bytes", "/produce_n/init", "/exchange_scale/init", "/exchange_scale/exchange")
    with Client(worker) as client:
        for path in paths:
            for name, body in hostile_streams():
                refused_or_answered(client.ask(path, body), f"{name} to {path}")
            for depth in (5, 20, 60, 200):
                began = time.monotonic()
                refused_or_answered(client.ask(path, crafted_schema(depth)), f"a schema of depth {depth}")
                check(time.monotonic() - began < 5, "a schema of depth", depth, "takes long")


def bodies_with_wrong_bytes(worker):
    cases = [("/add_floats", "add.request"), ("/produce_n/init", "producer1row.open")]
    with Client(worker) as client:
        for path, name in cases:
            for what, body in mutations(payload(name)):
                refused_or_answered(client.ask(path, body), f"{name}, {what}")


def turns_with_wrong_bytes(worker):
    with Client(worker) as client:
        for method, name in (("exchange_scale", "exchange1row"), ("produce_n", "producer1row")):
            for what, body in mutations(turn_of(client, method, name)):
                refused_or_answered(client.ask(f"/{method}/exchange", body), f"{name}, {what}")


# ---- tokens ----


def token_of(client, method, name):
    opening = payload(f"{name}.open")
    end = next(message.end for message in ipc.messages(opening) if not message.metadata)
    answer = client.ask(f"/{method}/init", opening[:end])
    check(answer.status == 200, method, "init:", answer.status)
    return ipc.custom_metadata(answer.body)[TOKEN]


def turn_of(client, method, name, token=None):
    if token is None:
        token = token_of(client, method, name)
    return ipc.with_values(payload(f"{name}.turn"), {TOKEN: token})


def text_of(answer):
    return answer.body.decode("latin-1")


def tampered_tokens(worker):
    with Client(worker) as client:
        for method, name in (("exchange_scale", "exchange1row"), ("produce_n", "producer1row")):
            good = token_of(client, method, name)
            check(client.ask(f"/{method}/exchange", turn_of(client, method, name, good)).status == 200, "a good token")
            raw = base64.b64decode(good)
            forged = [raw[:i] + bytes([raw[i] ^ bit]) + raw[i + 1 :] for i in range(len(raw)) for bit in (1, 0x80)]
            forged += [raw[:i] for i in range(len(raw))] + [raw + b"\0", raw + raw]
            texts = [base64.b64encode(f) for f in forged]
            wrong = (b"-", b"\n", b" ", b"\0", b"\xff")
            texts += [good[:i] + c + good[i + 1 :] for i in range(0, len(good), 7) for c in wrong]
            texts += [good + b"=", good + b"\n", b" " + good, good * 2, b"=", b"====", b"A" * 100000]
            for i, text in enumerate(texts):
                answer = client.ask(f"/{method}/exchange", turn_of(client, method, name, text))
                check(answer.status == 400, method, "forged token", i, text[:40], "->", answer.status)
                check("token" in text_of(answer), method, "forged token", i, answer.body[:300])


def tampered_sealed_tokens(_worker):
    with Worker("--token-format", "sealed") as worker:
        tampered_tokens(worker)


def part(data):
    return struct.pack("<I", len(data)) + data


def signed(state, output, given, stream_id=b"0" * 32, at=None, version=3):
    """A token as a worker with the key makes it."""
    at = int(time.time()) if at is None else at
    data = struct.pack("<BQ", version, at) + part(state) + part(output) + part(given) + part(stream_id)
    key = hmac.digest(KEY, b"vgi_rpc.stream_state:\0anonymous", hashlib.sha256)
    return base64.b64encode(data + hmac.digest(key, data, hashlib.sha256))


def parts_of(token):
    raw, at, parts = base64.b64decode(token), 9, []
    for _ in range(4):
        (n,) = struct.unpack_from("<I", raw, at)
        parts.append(raw[at + 4 : at + 4 + n])
        at += 4 + n
    return parts


def signed_hostile_tokens(worker):
    """Who has the key is a fellow worker, but perhaps one that is out of its mind."""
    with Client(worker) as client:
        for method, name in STREAMS.items():

            def turn(token):
                return client.ask(f"/{method}/exchange", turn_of(client, method, name, token))

            state, output, given, stream_id = parts_of(token_of(client, method, name))
            check(turn(signed(state, output, given, stream_id)).status == 200, "a token made here")
            for at, why in ((0, "expired"), (int(time.time()) - 3700, "expired")):
                answer = turn(signed(state, output, given, stream_id, at))
                check(answer.status == 400 and why in text_of(answer), "token of time", at, answer.body[:200])
            for version in (0, 2, 4, 255):
                answer = turn(signed(state, output, given, stream_id, version=version))
                check(answer.status == 400 and f"version {version}" in text_of(answer), "version", version)
            for what, bad in hostile_streams():
                message = schema_message(bad)
                for token in (
                    signed(bad, output, given),
                    signed(state, message, given),
                    signed(state, output, message),
                    signed(state, message, message),
                    signed(state, bad, given, b"\xff\0\r\n" * 9),
                ):
                    refused_or_answered(turn(token), f"{method}: token with {what}")
            for what, bad in mutations(state, 2):
                refused_or_answered(turn(signed(bad, output, given)), f"{method}: state, {what}")
            for what, bad in mutations(output, 2):
                refused_or_answered(turn(signed(state, bad, given)), f"{method}: output schema, {what}")
                refused_or_answered(turn(signed(state, output, bad)), f"{method}: input schema, {what}")
            for n in (0, 1, 33, 5000):
                refused_or_answered(turn(signed(state, output, given, b"z" * n)), f"stream id of {n} bytes")


def schema_message(stream):
    """The first message of a stream, if it looks like one."""
    (size,) = struct.unpack_from("<I", stream + bytes(8), 4)
    return stream[: 8 + size]




def tokens_of_other_methods(worker):
    with Client(worker) as client:
        source = "".join(file.read_text() for file in (ROOT / "conformance").glob("*.c"))
        methods = re.findall(r"VGI_(?:PRODUCER|EXCHANGE)\((\w+),", source)
        check(len(methods) > 20, "methods:", methods)
        for source, name in STREAMS.items():
            token = token_of(client, source, name)
            for target in methods:
                for body in ("producer1row", "exchange1row"):
                    answer = client.ask(f"/{target}/exchange", turn_of(client, source, body, token))
                    refused_or_answered(answer, f"token of {source} to {target}")
        for path in ("/add_floats/exchange", "/nothing/exchange", "/__describe__/exchange", "/%70roduce_n/exchange"):
            answer = client.ask(path, turn_of(client, "produce_n", "producer1row"))
            check(answer.status in ((200,) if "%" in path else (400, 404)), path, answer.status)


# ---- codings ----


def zstd_rle(size, declared):
    """A frame whose blocks say `the same byte, 128 KiB of it`."""
    head = struct.pack("<IB", 0xFD2FB528, 0xE0 if declared else 0x00)
    head += struct.pack("<Q", size) if declared else b"\x50"  # window of 1 MiB
    blocks, step = [], 128 << 10
    for at in range(0, size, step):
        n = min(step, size - at)
        blocks.append(((n << 3) | 2 | (at + n >= size)).to_bytes(3, "little") + b"\0")
    return head + b"".join(blocks)


def bombs(_worker):
    cap, bomb = 16 << 20, 512 << 20
    zipper = zlib.compressobj(9, zlib.DEFLATED, 31)
    zipped = b"".join(zipper.compress(bytes(1 << 20)) for _ in range(bomb >> 20)) + zipper.flush()
    with Worker("--max-request-bytes", str(cap)) as worker:
        works(worker)
        before = worker.memory()
        with Client(worker) as client:
            for what, coding, body in (
                ("gzip", "gzip", zipped),
                ("zstd with its size", "zstd", zstd_rle(bomb, True)),
                ("zstd without its size", "zstd", zstd_rle(bomb, False)),
                ("zstd, many frames", "zstd", zstd_rle(4 << 20, True) * 128),
                ("zstd of a huge window", "zstd", struct.pack("<IBB", 0xFD2FB528, 0, 0xF8) + b"\x03\0\0\0"),
                ("zstd of 2^63 bytes", "zstd", struct.pack("<IBQ", 0xFD2FB528, 0xE0, 1 << 63) + b"\1\0\0"),
            ):
                answer = client.ask("/echo_bytes", body, [f"Content-Encoding: {coding}"])
                check(answer.status in (400, 413) and not answer.closes, what, "->", answer.status, answer.body[:200])
                check("huge" in what or "2^63" in what or answer.status == 413, what, "->", answer.status)
            for coding in ("zstd", "gzip"):
                good = gzip.compress(payload("add.request")) if coding == "gzip" else zstd_raw(payload("add.request"))
                answer = client.ask("/add_floats", good, [f"Content-Encoding: {coding}"])
                check(answer.status == 200, coding, "->", answer.status, answer.body[:200])
                for what, body in mutations(good, 3):
                    answer = client.ask("/add_floats", body, [f"Content-Encoding: {coding}"])
                    check(answer.status in (200, 400, 413), coding, what, "->", answer.status)
            for coding in ("br", "zstd, gzip", "gzip, gzip", "x" * 5000, "identity, zstd", ";"):
                answer = client.ask("/add_floats", payload("add.request"), [f"Content-Encoding: {coding}"])
                check(answer.status in (400, 415), coding[:40], "->", answer.status)
        held = worker.memory() - before
        check(SANITIZED or held < 3 * cap, "bombs made the worker hold", held >> 20, "MiB more")
        works(worker)


def zstd_raw(data):
    return struct.pack("<IBQ", 0xFD2FB528, 0xE0, len(data)) + ((len(data) << 3) | 1).to_bytes(3, "little") + data


# ---- heads ----


PATHS = [
    "/", "//", "/./", "/../", "/.", "/..", "/health/", "//health", "/health//", "/./health", "/%2e/health",
    "/health%00", "/health?", "/health?" + "a=b&" * 2000, "/%", "/%4", "/%zz", "/%00", "/%2f", "/a%2fb",
    "/add_floats/", "/add_floats//init", "//add_floats", "/add_floats/init/x", "/a/b/c/d/e", "/add_floats;x=1",
    "/add_floats%0d%0aX-Evil:%201", "/%0d%0a%0d%0aevil", "/" + "a" * 5000, "/" + "%41" * 3000, "/" + "a/" * 2000,
    "/describe/", "/describe?x=<script>", "/<script>alert(1)</script>", '/"><img src=x>', "/%3Cscript%3E",
    "/ConformanceService", "/ConformanceService/", "/ConformanceService/add_floats", "/init", "/init/init",
    "/ConformanceService/produce_n/init", "/Conformance%53ervice/add_floats", "/exchange", "/exchange/init",
    "/__describe__", "/__describe__/init", "/__upload_url__/init", "/__session__", "/__nothing__",
    "/.well-known/x", "/favicon.ico", "*", "http://localhost/health", "http://evil/health",
]  # fmt: skip
VERBS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]


def every_verb_on_every_path(worker):
    for path in PATHS:
        with Client(worker) as client:
            for verb in VERBS:
                client.send(f"{verb} {path} HTTP/1.1\r\nHost: x\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n".encode())
                answer = client.response(head=verb == "HEAD")
                check(answer.status < 500, verb, path[:60], "->", answer.status)
                check(b"x-evil" not in answer.body.lower(), verb, path[:60], "repeats headers")
                if "html" in answer.fields.get("content-type", ""):
                    check(not re.search(b"<script>alert|<img src=x", answer.body), verb, path[:60], "in a page")
                check("x-evil" not in answer.fields, verb, path[:60], "header injected")
                if answer.closes:  # refused before the verb was looked at
                    check(answer.status in (400, 414, 431), verb, path[:60], "closes after", answer.status)
                    client.__exit__()
                    client.__init__(worker)


def verbs_that_are_none(worker):
    lines = ("CONNECT localhost:80", "CONNECT /", "FROB /", "get /health", "PRI *", "GET", "GET  /health", "GET /a b")
    for line in lines:
        with Client(worker) as client:
            client.send(f"{line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = client.response()
            check(400 <= answer.status < 500, line, "->", answer.status)


def injection(worker):
    """Nothing of a request gets into a header but a harmless id."""
    ids = ["ok-123", "a" * 64, "a" * 65, "a" * 5000, "x y", "a\tb", "\x7f", "\xff\xfe", "a;b=c", "<script>"]
    ids += ["\\r\\nX-Evil: 1", "%0d%0aX-Evil:1"]
    with Client(worker) as client:
        for wanted in ids:
            answer = client.ask("/add_floats", payload("add.request"), [f"X-Request-ID: {wanted}"])
            check("x-evil" not in answer.fields, "request id", repr(wanted))
            if wanted == "\x7f":
                check(answer.status == 400, "DEL in a header ->", answer.status)
                client.__exit__()
                client.__init__(worker)
                continue
            check(answer.status == 200, "request id", repr(wanted), answer.status)
            got = answer.fields["x-request-id"]
            check(got == wanted or re.fullmatch("[0-9a-f]{16}", got), "request id", repr(wanted), "became", repr(got))
        for origin in ("https://evil", "null", "a" * 5000, "\xff"):
            answer = client.ask("/add_floats", payload("add.request"), [f"Origin: {origin}"])
            check("access-control-allow-origin" not in answer.fields, "CORS is off")
        for name, value in (
            ("Cookie", "a=b; " * 1000),
            ("Accept", "text/html;q=" + "9" * 3000),
            ("Accept-Encoding", "zstd," * 2000),
            ("X-VGI-Accept-Encoding", ",,,;;;==" * 500),
            ("Authorization", "Bearer " + "x" * 5000),
            ("traceparent", "\xff" * 100),
            ("Content-Type ", ARROW),
        ):
            client.send(post("/add_floats", payload("add.request"), [f"{name}: {value}"]))
            answer = client.response()
            check(answer.status == (400 if name.endswith(" ") else 200), name, "->", answer.status)


def large_heads(worker):
    chunked = "POST /add_floats HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for head, allowed in (
        ("GET /health?" + "q" * 65536 + " HTTP/1.1\r\nHost: x\r\n\r\n", (200, 414, 431)),
        ("GET /" + "q" * 200000 + " HTTP/1.1\r\nHost: x\r\n\r\n", (404, 414, 431)),
        ("GET /health HTTP/1.1\r\nHost: x\r\nA: " + "b" * 200000 + "\r\n\r\n", (431,)),
        ("GET /health HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 5000 + "\r\n", (431,)),
        ("GET /health HTTP/1.1\r\nHost: x\r\n" + "a" * 200000 + ": b\r\n\r\n", (431,)),
        ("\r\n" * 100 + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", (200, 400)),
        ("\r\n" * 200000 + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", (200, 400, 431)),
        (chunked + "1;" + "e" * 300000 + "\r\nx\r\n0\r\n\r\n", (400, 413, 415, 431)),
        (chunked + "0\r\n" + "T: x\r\n" * 50000 + "\r\n", (400, 413, 415, 431)),
        (chunked + "1\r\nx\r\n" * 100000 + "0\r\n\r\n", (400, 415)),
    ):
        with Client(worker) as client:
            client.send(head.encode())
            answer = client.response()
            check(answer.status in allowed, repr(head[:60]), "->", answer.status)


def content_types(worker):
    with Client(worker) as client:
        for value in (None, "", "application/json", ARROW + "; x=y", ARROW.upper(), ARROW + "x", "\xff", "a" * 5000):
            answer = client.ask("/add_floats", payload("add.request"), content_type=value)
            check(answer.status == 415, value and value[:40], "->", answer.status)


# ---- timing ----


def byte_by_byte(worker):
    request = post("/add_floats", payload("add.request"))
    with Client(worker) as client:
        for byte in request:
            client.send(bytes([byte]))
        check(client.response().status == 200, "byte by byte")
        body = payload("add.request")
        head = post("/add_floats").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        client.send(head)
        for byte in body:
            client.send(b"1\r\n%c\r\n" % byte)
        client.send(b"0\r\nTrailer: x\r\n\r\n")
        check(client.response().status == 200, "byte by byte, chunked")


def continue_games(worker):
    body = payload("add.request")
    head = post("/add_floats", headers=["Expect: 100-continue"], length=len(body))
    with Client(worker) as client:
        client.send(head)
        check(client.response().status == 100, "100-continue")
        client.send(body)
        check(client.response().status == 200, "after 100-continue")
        client.send(head + body)  # without waiting
        answer = client.response()
        check((client.response() if answer.status == 100 else answer).status == 200, "not waited for")
        client.send(post("/add_floats", body, headers=["Expect: 100-continue, x"]))
        check(client.response().status in (200, 400, 417), "another expectation")
    with Client(worker) as client:  # declared too large: refused before it is sent
        client.send(post("/add_floats", headers=["Expect: 100-continue"], length=1 << 40))
        answer = client.response()
        check(answer.status == 413 and answer.closes, "1 TiB expected ->", answer.status)
    with Client(worker) as client:
        client.send(head)
        client.response()
        client.socket.shutdown(socket.SHUT_WR)
        check(client.response().status == 400, "gave up after 100-continue")


def pipelines(worker):
    with Client(worker) as client:
        turn, add = turn_of(client, "exchange_scale", "exchange1row"), payload("add.request")
        mixed = post("/add_floats", add) + post("/exchange_scale/exchange", turn)
        mixed += b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nHEAD /health HTTP/1.1\r\nHost: x\r\n\r\n"
        mixed += post("/add_floats", b"nonsense")
        client.send(mixed * 50)
        for _ in range(50):
            for wanted, head in ((200, False), (200, False), (200, False), (200, True), (400, False)):
                answer = client.response(head=head)
                check(answer.status == wanted, "pipelined:", answer.status, "in place of", wanted)
    with Client(worker) as client:  # after the request that is the last one nothing is answered
        client.send(post("/add_floats", add, ["Connection: close"]) + post("/add_floats", add))
        check(client.response().closes, "asked to close")
        client.closed()


def old_http(worker):
    add = payload("add.request")
    for head, stays in (("HTTP/1.0", False), ("HTTP/1.0\r\nConnection: keep-alive", True)):
        with Client(worker) as client:
            fields = f"Content-Type: {ARROW}\r\nContent-Length: {len(add)}\r\n\r\n"
            client.send(f"POST /add_floats {head}\r\n{fields}".encode() + add)
            check(client.response().status == 200, head)
            if not stays:
                client.closed()
            else:
                client.send(b"GET /health HTTP/1.0\r\n\r\n")
                check(client.response().status == 200, "the next on", head)
    for line in ("HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/11", "HTTQ/1.1", ""):
        with Client(worker) as client:
            client.send(f"GET /health {line}\r\nHost: x\r\n\r\n".encode())
            check(client.response().status in (400, 505), line)


def half_closed(worker):
    add = payload("add.request")
    with Client(worker) as client:  # complete, then no more from us: it is answered
        client.send(post("/add_floats", add))
        client.socket.shutdown(socket.SHUT_WR)
        check(client.response().status == 200, "half-closed after the request")
        client.closed()
    for cut in (1, 20, 80, 160, 300):
        with Client(worker) as client:
            client.send(post("/add_floats", add)[:cut])
            client.socket.shutdown(socket.SHUT_WR)
            check(client.response().status == 400, "half-closed at byte", cut)


def gone_in_every_way(worker):
    """Clients that vanish, politely or not, at any byte of a request or a response."""
    small = post("/add_floats", payload("add.request"))
    large = post("/produce_large_batches/init", opening("producer512K"))
    chance = random.Random(4)

    def vanish():
        for _ in range(100):
            with worker.connect() as s:
                request = chance.choice((small, large))
                s.send(request[: chance.randrange(len(request) + 1)])
                if chance.random() < 0.5:
                    s.settimeout(0.01)
                    try:
                        s.recv(chance.randrange(1, 100))
                    except OSError:
                        pass
                if chance.random() < 0.5:  # reset, in place of an orderly end
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    at_once(8, vanish)
    works(worker)
    deadline = time.monotonic() + 10
    while (fds := len(os.listdir(f"/proc/{worker.process.pid}/fd"))) > 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    check(fds <= 20, fds, "descriptors stay open")


def opening(name):
    data = payload(f"{name}.open")
    return data[: next(message.end for message in ipc.messages(data) if not message.metadata)]


def memory_comes_back(worker):
    """Large requests and responses, several at once, leave nothing behind."""
    if SANITIZED:
        return
    works(worker)
    before, size = worker.memory("VmRSS"), 32 << 20
    request = post("/echo_bytes", echo_request(size))

    def echo():
        with Client(worker) as client:
            client.send(request)
            check(client.response().status == 200, "a large echo")

    at_once(8, echo)
    deadline = time.monotonic() + 10
    while (held := worker.memory("VmRSS") - before) > 8 << 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    check(held <= 8 << 20, "the worker keeps", held >> 20, "MiB")


def echo_request(size):
    return subprocess.run([BUILD / "bin/vgirpc-bench-payload", "echo", str(size), "seed"], check=True, capture_output=True).stdout


def never_reads(worker):
    """Clients that ask for much and read nothing take memory, but nobody's turn."""
    idle = [worker.connect() for _ in range(20)]
    for s in idle:
        s.setblocking(False)
        try:
            s.send(post("/produce_large_batches/init", opening("producer512K")) * 200)
        except OSError:
            pass
    began = time.monotonic()
    for _ in range(20):
        works(worker)
    check(time.monotonic() - began < 10, "others wait for clients that do not read")
    for s in idle:
        s.close()


TESTS = [
    bodies_of_every_kind,
    bodies_with_wrong_bytes,
    turns_with_wrong_bytes,
    tampered_tokens,
    tampered_sealed_tokens,
    signed_hostile_tokens,
    tokens_of_other_methods,
    bombs,
    every_verb_on_every_path,
    verbs_that_are_none,
    injection,
    large_heads,
    content_types,
    byte_by_byte,
    continue_games,
    pipelines,
    old_http,
    half_closed,
    gone_in_every_way,
    memory_comes_back,
    never_reads,
]


def main():
    passed = failed = 0
    only = sys.argv[2:]
    for test in TESTS:
        if only and test.__name__ not in only:
            continue
        began = time.monotonic()
        try:
            with Worker() as worker:
                test(worker)
                works(worker)
            passed += 1
            print(f"{time.monotonic() - began:6.1f} s  {test.__name__}", flush=True)
        except (Failure, OSError) as failure:
            failed += 1
            print(f"{time.monotonic() - began:6.1f} s  {test.__name__}: FAILED: {failure}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
