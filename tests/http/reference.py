#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same requests to our worker and to release 0.15.0 of the reference: the same answers.

    build/venv-15/bin/python tests/http/reference.py [BUILD]

Compared are status, headers and decoded bodies. Where we decided to answer in another way the row says how
(`ours`), and that is tested too; docs/http-reference.md has the rules. What only we send (hardening of pages, our
capability headers, HEAD), and words of error texts that come from libraries, are left out of the comparison.
"""

import base64
import contextlib
import gzip
import hashlib
import hmac
import http.client
import io
import json
import logging
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import waitress
import zstandard
from pyarrow import ipc
from vgi_rpc.conformance import ConformanceService, ConformanceServiceImpl
from vgi_rpc.http import make_wsgi_app
from vgi_rpc.rpc import RpcServer

BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "build")
WORKER = BUILD / "bin/vgirpc-conformance-worker"
KEY = bytes.fromhex("11" * 32)
ARROW = "application/vnd.apache.arrow.stream"
HTML, JSON = "text/html; charset=utf-8", "application/json"
TYPE = ("Content-Type", ARROW)
TOKEN = b"vgi_rpc.stream_state#b64"
ORIGIN = "https://a.example"
SHOWN = 600  # of an answer that is not as it should be


# ---- requests ----


def stream(columns, metadata=None, batches=1):
    """An IPC stream with this batch, given as {name: (type, values)}."""
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, (kind, _) in columns.items()])
    batch = pa.RecordBatch.from_arrays([pa.array(values, kind) for kind, values in columns.values()], schema=schema)
    out = io.BytesIO()
    with ipc.new_stream(out, schema) as writer:
        for _ in range(batches):
            writer.write_batch(batch, custom_metadata=metadata or {})
    return out.getvalue()


def keys(method, **more):
    """The metadata of a request."""
    named = {f"vgi_rpc.{name}".encode(): str(value).encode() for name, value in more.items()}
    return {b"vgi_rpc.method": method.encode(), b"vgi_rpc.request_version": b"1", **named}


def call(method, **columns):
    """A request with parameters name=(type, value)."""
    return stream({name: (kind, [value]) for name, (kind, value) in columns.items()}, keys(method))


def echo(value):
    return call("echo_string", value=(TEXT, value))


def fails(method, message="boo"):
    return call(method, message=(TEXT, message))


TEXT, INTEGER, FLOAT = pa.string(), pa.int64(), pa.float64()
ECHO, LONG = echo("hi"), echo("x" * 5000)
PRODUCE = call("produce_n", count=(INTEGER, 3))
SCALE = call("exchange_scale", factor=(FLOAT, 2.0))
ZSTD = zstandard.ZstdCompressor()


@dataclass
class Request:
    path: str
    body: bytes = b""
    headers: tuple = (TYPE,)
    verb: str = "POST"
    ours: dict = None  # facts of our answer that are not those of the reference
    name: str = ""

    def __str__(self):
        headers = [h for h in self.headers if h != TYPE]
        return f"{self.verb} {self.path} {self.name} {headers or ''}"


def get(path, *headers, verb="GET", ours=None):
    return Request(path, b"", headers, verb, ours)


def post(name, path, body, *headers, ours=None):
    return Request(path, body, (TYPE, *headers), "POST", ours, name)


def facts(**values):
    """Facts of our answer; None: it has no such header."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def raises(kind, words, status=400):
    return facts(status=status, content_type=ARROW, body=[[("EXCEPTION", kind, f"{kind}: {words}", "made")]])


# ---- answers, as facts that can be compared ----

COMPARED = re.compile(r"content-(type|encoding)|allow|cache-control|x-|vgi-|access-control-|set-cookie|www-")
OURS_ALONE = {"VGI-Supported-Encodings", "VGI-Auth-Reason", "VGI-Auth-Proxy-Required"}
# Not compared: sent by one of them only (the reference: by its framework, whatever its option says).
NOT_COMPARED = {"vgi-supported-encodings", "x-content-type-options", "access-control-max-age"}
WORDS = [  # what is left of texts of libraries and languages
    (r"(^ArrowInvalid|^LimitError|Failed to \w+ [\w ]+): .*", r"\1: ..."),
    (r"ConformanceServiceImpl\.|\. Did you mean.*| not null|\(\d+ >", ""),
    (r"\[.*\]", "[...]"),
    (r"\n|,? w: double", " "),
]


def plain_words(message):
    for pattern, words in WORDS:
        message = re.sub(pattern, words, message)
    return message


def described(message):
    """A schema as text. That a result which is a struct may be null is what only release 0.15 says."""
    return str(ipc.read_schema(pa.py_buffer(message))).replace("result: binary not null", "result: binary")


def batch_facts(batch, metadata):
    said = {k.decode(): v.decode(errors="replace") for k, v in (metadata or {}).items()}
    if "vgi_rpc.log_level" in said:
        extra = json.loads(said.get("vgi_rpc.log_extra", "{}"))
        whose = said.get("vgi_rpc.request_id", "")
        kind = extra.get("exception_type", "")
        identity = "made" if len(whose) == 16 else whose
        return said["vgi_rpc.log_level"], kind, plain_words(said["vgi_rpc.log_message"]), identity
    rows = batch.to_pylist() if batch.num_columns else batch.num_rows
    for row in rows if batch.num_columns else ():
        row |= {name: described(value) for name, value in row.items() if name.endswith("schema_ipc") and value}
    return rows, sorted(k for k in said if k not in ("vgi_rpc.server_id", "vgi_rpc.protocol_hash"))


def arrow_facts(body):
    streams, left = [], io.BytesIO(body)
    while left.tell() < len(body):
        reader, batches = ipc.open_stream(left), []
        with contextlib.suppress(StopIteration):
            while True:
                batches.append(batch_facts(*reader.read_next_batch_with_custom_metadata()))
        failed = any(batch[0] == "EXCEPTION" for batch in batches)
        streams.append(batches if failed else (reader.schema.names, batches))
    return streams


def body_facts(headers, body):
    coding = headers.get("content-encoding") or headers.get("x-vgi-content-encoding")
    if coding:
        body = gzip.decompress(body) if coding == "gzip" else zstandard.ZstdDecompressor().decompress(body, 1 << 24)
    kind = headers.get("content-type")
    if kind == ARROW:
        return arrow_facts(body)
    if kind == JSON and body:
        said = json.loads(body)
        return said.get("title") or {name: value for name, value in said.items() if name != "server_id"}
    return "text" if body else ""


def without(names, *left_out):
    return sorted({name.strip() for name in names.split(",")} - {"HEAD", "OPTIONS", *left_out})


def facts_of(response):
    headers = {name.lower(): value for name, value in response.getheaders()}
    found = {k: v for k, v in headers.items() if COMPARED.match(k) and k not in NOT_COMPARED}
    found["body"] = body_facts(headers, response.read())
    found["status"] = response.status
    if not found["body"]:
        found.pop("content-type", None)
    if response.status == 404 or found.get("cache-control", "").startswith("no-cache"):
        found.pop("cache-control", None)  # of a page
    if "access-control-allow-methods" in found:
        found.pop("allow", None)  # which the reference moves there
    if len(found["x-request-id"]) == 16:
        found["x-request-id"] = "made"
    for name in {"allow", "access-control-allow-methods", "access-control-expose-headers"} & set(found):
        found[name] = without(found[name], *OURS_ALONE)
    return found


def ask(port, request):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(request.verb, request.path, skip_accept_encoding=True)
    for header in request.headers:
        connection.putheader(*header)
    if request.body or request.verb == "POST":
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body)
    facts = facts_of(connection.getresponse())
    connection.close()
    return facts


# ---- servers ----


@contextlib.contextmanager
def reference(max_request_bytes=64 << 20, **options):
    server = RpcServer(ConformanceService, ConformanceServiceImpl(), enable_describe=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = make_wsgi_app(server, signing_key=KEY, max_request_bytes=max_request_bytes, **options)
        wsgi = waitress.create_server(app, sockets=[listener])
        threading.Thread(target=wsgi.run, daemon=True).start()
        yield listener.getsockname()[1]


@contextlib.contextmanager
def ours(*flags):
    argv = [WORKER, "--http", "--token-key", KEY.hex(), *flags]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as worker:
        try:
            yield int(worker.stdout.readline().removeprefix("PORT:"))
        finally:
            worker.terminate()


# ---- what is asked ----


def addresses():
    """Every verb on every sort of address."""
    pages = ("/", "/health", "/describe")
    others = ("/echo_string", "/nothing", "/__describe__", "/echo%5Fstring", "/Echo_String?x", "/__upload_url__/init")
    others += ("/produce_n/init", "/produce_n/exchange", "/nothing/init", "/init", "/x/y/z", "/echo_string/")
    for path in (*pages, *others):
        seen = facts(status=200, allow=None) if path in pages else None
        yield get(path, verb="HEAD", ours=seen)
        for verb in ("GET", "OPTIONS", "PUT", "DELETE", "PATCH"):
            yield get(path, verb=verb)
        yield post("", path, ECHO)
    # Addresses of the current epoch.
    yield get("/a/b", ours=facts(content_type=JSON, body="404 Not Found"))
    listed = facts(status=200, allow=["POST"], body="", content_type=None, cache_control="public, max-age=300")
    yield get("/a/b", verb="OPTIONS", ours=listed)
    hosted = "This server does not host protocol 'a'. Hosted: [...]."
    yield post("", "/a/b", ECHO, ours=raises("ProtocolNotSupportedError", hosted, status=404))
    yield post("a broken escape", "/%zz", ECHO, ours=facts(content_type=HTML, body="text"))


def calls():
    yield post("", "/echo_string", ECHO)
    yield post("", "/void_noop", call("void_noop"))
    yield post("", "/__describe__", call("__describe__"))
    yield post("", "/echo_with_multi_logs", call("echo_with_multi_logs", value=(TEXT, "x")))
    yield post("", "/raise_value_error", fails("raise_value_error"))
    answered = facts(status=200, x_vgi_rpc_error="true")
    yield post("", "/raise_type_error", fails("raise_type_error"), ours=answered)
    yield post("", "/produce_n/init", PRODUCE)
    yield post("", "/produce_empty/init", call("produce_empty"))
    yield post("", "/exchange_scale/init", SCALE)
    yield post("", "/produce_with_header/init", call("produce_with_header", count=(INTEGER, 2)))
    yield post("", "/produce_error_on_init/init", call("produce_error_on_init"))
    yield post("unary as a stream", "/echo_string/init", ECHO)
    yield post("unary as a stream", "/echo_string/exchange", ECHO)
    yield post("a stream as unary", "/produce_n", PRODUCE)
    for kind in ("application/json", ARROW + "; charset=utf-8", ARROW.upper(), ""):
        for path in ("/echo_string", "/produce_n/init", "/produce_n/exchange", "/nothing"):
            yield Request(path, ECHO, (("Content-Type", kind),))
    yield Request("/echo_string", ECHO, ())
    yield Request("/nothing", ECHO, ())


def bodies():
    for path in ("/echo_string", "/produce_n/init", "/produce_n/exchange"):
        for name, body in {"empty": b"", "garbage": b"garbage", "cut off": ECHO[:-30], "zeros": bytes(64)}.items():
            yield post(name, path, body)
        yield post("too large", path, b"\xff" * 64, ours=raises("LimitError", "..."))
        none = raises("RpcError", "ProtocolError: The request stream carries no batch.")
        yield post("no batch", path, stream({"value": (TEXT, [])}, batches=0), ours=none)
    version = {b"vgi_rpc.request_version": b"1"}
    for name, metadata in {
        "no metadata": {},
        "no version": {b"vgi_rpc.method": b"echo_string"},
        "no method": version,
        "version 2": keys("echo_string", request_version=2),
        "another method": keys("add_floats"),
        "no such method": keys("nothing"),
        "routing keys": keys("echo_string", protocol="Another", protocol_version="9.9.9"),
        "shared memory": keys("echo_string", shm_segment_name="x", shm_segment_size=99999),
    }.items():
        yield post(name, "/echo_string", stream({"value": (TEXT, ["hi"])}, metadata))
    words = "ProtocolError: Invalid 'vgi_rpc.method' in request batch custom_metadata: "
    refused = raises("RpcError", words + "the method name must be valid UTF-8.")
    body = stream({"value": (TEXT, ["hi"])}, {b"vgi_rpc.method": b"\xff\xfe", **version})
    yield post("no UTF-8", "/echo_string", body, ours=refused)
    for rows in ([], ["a", "b"]):
        yield post(f"{len(rows)} rows", "/echo_string", stream({"value": (TEXT, rows)}, keys("echo_string")))
    for name, columns in {
        "no parameter": {},
        "one too many": {"value": (TEXT, "a"), "x": (TEXT, "b")},
        "another name": {"walue": (TEXT, "a")},
        "another type": {"value": (pa.large_string(), "a")},
    }.items():
        yield post(name, "/echo_string", call("echo_string", **columns))
    yield post("another order", "/add_floats", call("add_floats", b=(FLOAT, 1.0), a=(FLOAT, 2.5)))
    yield post("a smaller type", "/echo_int", call("echo_int", value=(pa.int32(), 3)))
    yield post("two batches", "/echo_string", stream({"value": (TEXT, ["hi"])}, keys("echo_string"), 2))
    yield post("something behind", "/echo_string", ECHO + b"something")


def codings():
    answer = [(["result"], [([{"result": "hi"}], [])])]
    understood = facts(status=200, content_type=ARROW, body=answer)
    unknown = facts(status=415, content_type=JSON, body="Unsupported Content-Encoding")
    bad = facts(status=400, content_type=JSON, body="Decompression Error")
    frame = ZSTD.compress(ECHO)

    def coded(body, *names, ours=None):
        return post("", "/echo_string", body, *(("Content-Encoding", name) for name in names), ours=ours)

    yield coded(frame, "zstd")
    yield coded(frame, "ZSTD", ours=understood)
    yield coded(gzip.compress(ECHO), "gzip", ours=understood)
    yield coded(zstandard.ZstdCompressor(write_content_size=False).compress(ECHO), "zstd", ours=understood)
    yield coded(ECHO, "identity")
    yield coded(ECHO, "")
    yield coded(ECHO, "br", ours=unknown)
    yield coded(frame, "identity, zstd", ours=unknown)
    yield coded(frame, "identity", "zstd", ours=unknown)
    for body in (b"", b"garbage", ECHO, frame[:-5]):
        yield coded(body, "zstd")
    yield coded(frame + b"xx", "zstd", ours=bad)
    yield get("/health", ("Content-Encoding", "gzip"))
    accepted = "Accept-Encoding", "X-VGI-Accept-Encoding"
    for offer in ("zstd", "gzip, zstd", "identity", "identity, zstd", "*", "br", "", "zstd;q=0"):
        yield post("", "/echo_string", LONG, (accepted[0], offer))
        yield post("", "/echo_string", LONG, (accepted[1], offer))
        yield post("", "/echo_string", LONG, (accepted[0], offer), (accepted[1], "zstd"))
        yield get("/", (accepted[0], offer))
    yield post("", "/echo_string", LONG, (accepted[0], "br"), (accepted[0], "zstd"))
    yield post("", "/raise_value_error", fails("raise_value_error", "x" * 3000), (accepted[0], "zstd"))
    for header, stamp in zip(accepted, ("content-encoding", "x-vgi-content-encoding"), strict=True):
        yield post("", "/echo_string", LONG, (header, "gzip"), ours={stamp: "gzip"})
        yield post("", "/echo_string", LONG, (header, "ZSTD"), ours={stamp: "zstd"})


def headers():
    for accepted in ("text/html", "application/json", "*/*", ""):
        yield post("", "/nothing", ECHO, ("Accept", accepted))
        for path in ("/", "/health", "/x/y/z", "/echo_string"):
            yield get(path, ("Accept", accepted))
    for value in ("abc", "x" * 128, "", '"quoted"', " padded ", "a,b", "0" * 16):
        yield post("", "/raise_value_error", fails("raise_value_error"), ("X-Request-ID", value))
        yield get("/health", ("X-Request-ID", value))
    for value in ("x" * 129, "a b", "a\tb", "\xe4"):
        yield get("/health", ("X-Request-ID", value), ours=facts(x_request_id="made"))
    for header in ("Cookie", "Origin", "Authorization", "VGI-Session-Accept", "VGI-Accept-Max-Response-Bytes"):
        yield post("", "/echo_string", ECHO, (header, "x"))
    yield get("/echo_string", ("Origin", ORIGIN), ("Access-Control-Request-Method", "POST"), verb="OPTIONS")


def plain():
    for part in (addresses, calls, bodies, codings, headers):
        yield from part()


def prefix():
    for path in ("/", "/api", "/health", "/echo_string", "/api/v1x/health", "/api/v2/produce_n/init", "/.well-known/x"):
        yield get(path)
    paths = "/api/v1", "/api/v1/health", "/api/v1/echo_string", "/api/v1/produce_n/init"
    for path in (*paths, "/api/v1//echo_string", "/API/v1/health"):
        yield get(path)
        yield get(path, verb="OPTIONS")
        yield post("", path, ECHO)
    yield get("/api/v1/", ours=facts(status=200, allow=None, body="text", content_type=HTML))


def cors():
    method, names = ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type, x-a")
    for origin in ((), (("Origin", ORIGIN),), (("Origin", "https://evil.example"),), (("Origin", "null"),)):
        for path in ("/echo_string", "/health", "/", "/describe", "/produce_n/init"):
            yield get(path, *origin)
            for asked in ((), (method,), (method, names)):
                yield get(path, *origin, *asked, verb="OPTIONS")
        yield post("", "/echo_string", ECHO, *origin)
        yield post("", "/echo_string", b"bad", *origin)
        yield get("/x/y/z", *origin)


def anybody():
    for path in ("/", "/echo_string", "/nothing", "/describe", "/x/y/z"):
        reason = "missing_credential"
        said = {"error": "unauthorized", "reason": reason, "detail": "authentication rejected"}
        refused = facts(vgi_auth_reason=reason, cache_control="no-store", content_type=JSON, body=said)
        yield get(path, ours=refused)
        yield get(path, ("Accept", "text/html"), ours=facts(vgi_auth_reason=reason, cache_control="no-store"))
        yield post("", path, b"bad", ours=refused)
        yield get(path, verb="OPTIONS")
    yield get("/health")
    yield get("/.well-known/x/y/z")
    yield post("", "/health", b"")


def request_cap():
    for size in (0, 3000, 5000, 60000):
        body = echo("x" * size)
        for path in ("/echo_string", "/produce_n/init", "/nothing", "/x/y/z", "/describe"):
            yield post(f"{size} bytes", path, body)
    title = "Request body exceeds max_request_bytes after decompression"
    too_long = facts(status=413, content_type=JSON, body=title)
    yield post("5000 bytes coded", "/echo_string", ZSTD.compress(LONG), ("Content-Encoding", "zstd"), ours=too_long)


def response_cap():
    for size in (0, 3000):
        yield post(f"{size} bytes", "/echo_string", echo("x" * size))
        yield post(f"{size} bytes", "/raise_value_error", fails("raise_value_error", "x" * size))
    for count in (0, 1, 3):
        yield post(f"{count} batches", "/produce_n/init", call("produce_n", count=(INTEGER, count)))
    yield post("", "/exchange_scale/init", SCALE)
    yield post("", "/nothing", ECHO)
    late = call("produce_error_mid_stream", emit_before_error=(INTEGER, 2))
    yield post("", "/produce_error_mid_stream/init", late, ours=facts(x_vgi_rpc_error="true"))


def no_pages():
    for verb in ("GET", "OPTIONS", "POST", "PUT"):
        for path in ("/health", "/describe", "/echo_string", "/x/y/z"):
            yield get(path, verb=verb)


# ---- streams: a table for each server's own tokens ----


def token_of(port, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, body, dict([TYPE]))
    for _, said in ipc.open_stream(connection.getresponse().read()).iter_batches_with_custom_metadata():
        if said and TOKEN in said:
            return base64.b64decode(said[TOKEN])
    raise AssertionError(f"no token from {path}")


def parts_of(token):
    parts, at = [], 9
    for _ in range(4):
        (size,) = struct.unpack_from("<I", token, at)
        parts.append(token[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def signed(parts, age=0, version=3, identity=b"\0anonymous", key=KEY):
    payload = struct.pack("<BQ", version, int(time.time()) - age)
    payload += b"".join(struct.pack("<I", len(part)) + part for part in parts)
    derived = hmac.digest(key, b"vgi_rpc.stream_state:" + identity, hashlib.sha256)
    return payload + hmac.digest(derived, payload, hashlib.sha256)


def streams(port):
    scale, produce = token_of(port, "/exchange_scale/init", SCALE), token_of(port, "/produce_n/init", PRODUCE)
    failing = token_of(port, "/exchange_error_on_nth/init", call("exchange_error_on_nth", fail_on=(INTEGER, 1)))

    def turn(token, columns=None, more=None, batches=1):
        named = {TOKEN: base64.b64encode(token) if isinstance(token, bytes) else token.encode()} if token else {}
        return stream({"value": (FLOAT, [1.5])} if columns is None else columns, named | (more or {}), batches)

    def scaled(name, body, *headers):
        return post(name, "/exchange_scale/exchange", body, *headers)

    cancel = {b"vgi_rpc.cancel": b"1"}
    yield post("tick", "/produce_n/exchange", turn(produce, {}))
    yield post("cancel", "/produce_n/exchange", turn(produce, {}, more=cancel))
    yield scaled("input", turn(scale))
    yield scaled("no rows", turn(scale, {"value": (FLOAT, [])}))
    yield scaled("cancel", turn(scale, {}, more=cancel))
    yield scaled("other metadata", turn(scale, more={b"mine": b"x", b"vgi_rpc.method": b"nothing"}))
    yield scaled("two batches", turn(scale, batches=2))
    yield scaled("a tick for an exchange", turn(scale, {}))
    yield scaled("another type", turn(scale, {"value": (INTEGER, [1])}))
    yield scaled("no type that fits", turn(scale, {"value": (TEXT, ["x"])}))
    yield scaled("another name", turn(scale, {"other": (FLOAT, [1.5])}))
    yield post("a failing turn", "/exchange_error_on_nth/exchange", turn(failing), ("X-Request-ID", "abc"))
    yield scaled("coded", ZSTD.compress(turn(scale)), ("Content-Encoding", "zstd"))
    yield scaled("no token", turn(None))
    refused = raises("TypeError", "Input schema mismatch: expected , got value: double", status=200)
    refused |= facts(x_vgi_rpc_error="true")
    yield post("an input for a producer", "/produce_n/exchange", turn(produce), ours=refused)
    whole = base64.b64encode(scale).decode()
    changed = whole[:-4], whole[:-1], whole + "=", " " + whole, whole[:20] + "\n" + whole[20:]
    for token in ("!", "AAAA", "A" * 120, *changed):
        yield scaled(f"token {token[:8]!r}...", turn(token))
    for at in (0, 1, 8, 9, 13, 60, len(scale) - 40, len(scale) - 1):
        yield scaled(f"byte {at} changed", turn(scale[:at] + bytes([scale[at] ^ 1]) + scale[at + 1 :]))
    state, output, input_, stream_id = parts = parts_of(scale)
    for name, token in {
        "made anew": signed(parts),
        "old": signed(parts, 3700),
        "not that old": signed(parts, 3500),
        "of the future": signed(parts, -9999),
        "version 2": signed(parts, version=2),
        "another key": signed(parts, key=b"x" * 32),
        "somebody's": signed(parts, identity=b"\1bearer\0me"),
        "no state": signed([b"", output, input_, stream_id]),
        "no Arrow in it": signed([b"state", output, input_, stream_id]),
        "state of another stream": signed([parts_of(produce)[0], output, input_, stream_id]),
        "no output schema": signed([state, b"x", input_, stream_id]),
        "no input schema": signed([state, output, b"x", stream_id]),
        "no id": signed([state, output, input_, b""]),
        "a long id": signed([state, output, input_, b"x" * 5000]),
    }.items():
        yield scaled(name, turn(token))


# ---- comparing ----

LEGS = {
    "plain": ({}, [], plain),
    "prefix": ({"prefix": "/api/v1"}, ["--prefix", "/api/v1"], prefix),
    "CORS": ({"cors_origins": ORIGIN}, ["--cors-origin", ORIGIN], cors),
    "CORS for all": ({"cors_origins": "*"}, ["--cors-origin", "*"], cors),
    "nobody gets in": ({}, ["--auth-reject-all"], anybody),
    "request cap": ({"max_request_bytes": 4096}, ["--max-request-bytes", "4096"], request_cap),
    "response cap": ({"max_response_bytes": 1024}, ["--max-response-bytes", "1024"], response_cap),
    "no pages": (
        {f"enable_{page}_page": False for page in ("landing", "describe", "not_found")},
        ["--no-pages"],
        no_pages,
    ),
}


def reject(_):
    raise ValueError("authentication required")


def faults(request, theirs, mine):
    """What is not as it should be. A difference that a row tells of has to be one."""
    wanted = {name: value for name, value in {**theirs, **(request.ours or {})}.items() if value is not None}
    for name in sorted(set(wanted) | set(mine)):
        if wanted.get(name) != mine.get(name):
            yield f"{name}: {str(mine.get(name))[:SHOWN]}\n      and not {str(wanted.get(name))[:SHOWN]}"
    if request.ours and wanted == theirs:
        yield "is no difference any more"


def compare(leg, ports, requests):
    passed = failed = 0
    for request in requests:
        found = list(faults(request, ask(ports[0], request), ask(ports[1], request)))
        passed, failed = passed + (not found), failed + bool(found)
        if found:
            print(f"FAIL {leg}: {request}\n    " + "\n    ".join(found), flush=True)
    print(f"{passed:5} of {passed + failed}  {leg}", flush=True)
    return passed, failed


def main():
    logging.disable(logging.CRITICAL)
    LEGS["nobody gets in"][0]["authenticate"] = reject
    counts = []
    for leg, (options, flags, requests) in LEGS.items():
        # Where it answers 500 the reference writes a traceback, too.
        with reference(**options) as theirs, ours(*flags) as mine, contextlib.redirect_stderr(io.StringIO()):
            counts.append(compare(leg, (theirs, mine), requests()))
            if leg == "plain":
                counts.append(compare("streams of the reference", (theirs, mine), streams(theirs)))
                counts.append(compare("our streams", (theirs, mine), streams(mine)))
    passed, failed = map(sum, zip(*counts, strict=True))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
