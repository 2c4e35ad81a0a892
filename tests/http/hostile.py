#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that are not what they seem: each is answered once, with the right status, or not at all.

    tests/http/hostile.py [BUILD]

Behind every refused request stands another, which a server that misjudges where the first
one ends would answer: it must not be. After a refusal the connection is closed, in order, so
that the answer arrives.
"""

import random
import socket

from support import ADD, CONFORMANCE, Responses, Worker, add_request, ask, post, run

SMUGGLED = b"GET /health HTTP/1.1\r\nHost: smuggled\r\n\r\n"
ARROW = b"Content-Type: application/vnd.apache.arrow.stream\r\n"
HEAD = b"POST /add_floats HTTP/1.1\r\nHost: x\r\n" + ARROW
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(ADD)
CHUNK = b"%x\r\n" % len(ADD) + ADD + b"\r\n"
LAST = b"0\r\n\r\n"


def get(*lines, target=b"/health", version=b"HTTP/1.1"):
    return b"\r\n".join([b"GET " + target + b" " + version, *lines, b"", b""])


# What is answered with 200 and keeps the connection.
VALID = {
    "a length": HEAD + LENGTH + ADD,
    "one chunk": CHUNKED + CHUNK + LAST,
    "many chunks": CHUNKED + b"".join(b"1\r\n%c\r\n" % c for c in ADD) + LAST,
    "upper case hexadecimal and zeros": CHUNKED + b"%08X\r\n" % len(ADD) + ADD + b"\r\n" + LAST,
    "a chunk extension": CHUNKED + CHUNK.replace(b"\r\n", b";a=b\r\n", 1) + LAST,
    "a trailer": CHUNKED + CHUNK + b"0\r\nX-Sum: 1\r\n\r\n",
    "the coding in upper case": HEAD + b"Transfer-Encoding: CHUNKED\r\n\r\n" + CHUNK + LAST,
    "header names in lower case": (HEAD + LENGTH).lower().replace(b"post ", b"POST ").replace(b"http/", b"HTTP/") + ADD,
    "an empty line before": b"\r\n" + HEAD + LENGTH + ADD,
    "a host with a port": get(b"Host: example.com:8080"),
    "an address as host": get(b"Host: [::1]:80"),
    "a query": get(b"Host: x", target=b"/health?a=/b?c"),
    "a URL as target": get(b"Host: x", target=b"http://x/health?a"),
    "90 headers": get(b"Host: x", *(b"X-%d: a" % i for i in range(90))),
    "a header of 40 KiB": get(b"Host: x", b"X-A: " + b"a" * 40000),
    "a target of 8,000 bytes": get(b"Host: x", target=b"/health?" + b"a" * 7900),
    "bytes above 127 in a value": get(b"Host: x", b"X-A: \xff\x80\xe2\x82\xac"),
    "an upgrade that is not taken": get(b"Host: x", b"Connection: upgrade", b"Upgrade: websocket"),
    "HTTP/2 that is not taken": get(b"Host: x", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
    "white space around a value": get(b"Host:  \t x \t "),
}

# Refused for where the message ends, which another server would see differently.
FRAMING = {
    "length and coding": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    "coding and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + LAST,
    "two lengths": HEAD + b"Content-Length: 4\r\nContent-Length: 8\r\n\r\nabcd",
    "the same length twice": HEAD + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": HEAD + b"Content-Length: 4, 4\r\n\r\nabcd",
    "length +4": HEAD + b"Content-Length: +4\r\n\r\nabcd",
    "length -1": HEAD + b"Content-Length: -1\r\n\r\n",
    "length 4abc": HEAD + b"Content-Length: 4abc\r\n\r\nabcd",
    "length 0x4": HEAD + b"Content-Length: 0x4\r\n\r\nabcd",
    "length 4 4": HEAD + b"Content-Length: 4 4\r\n\r\nabcd",
    "an empty length": HEAD + b"Content-Length:\r\n\r\n",
    "a length over 64 bits": HEAD + b"Content-Length: 18446744073709551620\r\n\r\nabcd",
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNK + LAST,
    "chunked, identity": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNK + LAST,
    "gzip, chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNK + LAST,
    "two codings": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK + LAST,
    "two codings, one unknown": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n" + CHUNK + LAST,
    "a quoted coding": HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNK + LAST,
    "an empty coding": HEAD + b"Transfer-Encoding:\r\n\r\n",
    "a coding with a vertical tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNK + LAST,
    "a coding in HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK + LAST,
    "chunk size 0x4": CHUNKED + b"0x4\r\nabcd\r\n" + LAST,
    "chunk size +4": CHUNKED + b"+4\r\nabcd\r\n" + LAST,
    "chunk size -4": CHUNKED + b"-4\r\nabcd\r\n" + LAST,
    "no chunk size": CHUNKED + b"\r\nabcd\r\n" + LAST,
    "a space before a chunk size": CHUNKED + b" 4\r\nabcd\r\n" + LAST,
    "a chunk size over 64 bits": CHUNKED + b"10000000000000004\r\nabcd\r\n" + LAST,
    "a byte too many in a chunk": CHUNKED + b"4\r\nabcde\r\n" + LAST,
    "junk behind a chunk": CHUNKED + b"4\r\nabcdXX" + LAST,
    "chunk lines that end with LF": CHUNKED + b"4\nabcd\n0\n\n",
    "a lone CR in a chunk extension": CHUNKED + b"4;a\rb\r\nabcd\r\n" + LAST,
    "a bare LF in a chunk extension": CHUNKED + b"4;a\nb\r\nabcd\r\n" + LAST,
    "a trailer without a colon": CHUNKED + CHUNK + b"0\r\nX-Sum\r\n\r\n",
    "the last chunk ends with LF": CHUNKED + CHUNK + b"0\n\r\n",
}

# Refused for its lines.
LINES = {
    "a lone CR between headers": b"POST /add_floats HTTP/1.1\r\nHost: x\rContent-Length: 4\r\n\r\nabcd",
    "lines that end with LF": b"POST /add_floats HTTP/1.1\nHost: x\nContent-Length: 4\n\nabcd",
    "a head that ends with LF": HEAD + b"Content-Length: 4\r\n\nabcd",
    "a space before a colon": HEAD + b"Content-Length : 4\r\n\r\nabcd",
    "a tab before a colon": HEAD + b"Content-Length\t: 4\r\n\r\nabcd",
    "a length in a folded line": b"POST /add_floats HTTP/1.1\r\nHost: x\r\n Content-Length: 4\r\n\r\nabcd",
    "a folded value": HEAD + b"X-A: b\r\n c\r\nContent-Length: 4\r\n\r\nabcd",
    "a folded value with a tab": HEAD + b"X-A: b\r\n\tc\r\nContent-Length: 4\r\n\r\nabcd",
    "a space before the first header": b"GET /health HTTP/1.1\r\n Host: x\r\n\r\n",
    "NUL in a value": HEAD + b"X-A: b\0c\r\nContent-Length: 4\r\n\r\nabcd",
    "NUL in a name": HEAD + b"X\0A: b\r\nContent-Length: 4\r\n\r\nabcd",
    "DEL in a value": get(b"Host: x", b"X-A: a\x7fb"),
    "a control character in a value": get(b"Host: x", b"X-A: a\x01b"),
    "an umlaut in a name": get(b"Host: x", "X-Ä: b".encode()),
    "no colon": get(b"Host: x", b"X-A"),
    "no name": get(b"Host: x", b": b"),
    "no Host": get(b"X-A: b"),
    "two Hosts": get(b"Host: a", b"Host: b"),
    "two Hosts in HTTP/1.0": get(b"Host: a", b"Host: b", version=b"HTTP/1.0"),
    "an empty Host": get(b"Host:"),
    "a Host with a path": get(b"Host: a/b"),
    "a Host with a user": get(b"Host: u@a"),
    "a Host with a space": get(b"Host: a b"),
    "a list of Hosts": get(b"Host: a, b"),
    "a Host with a wrong port": get(b"Host: a:8x"),
    "two Content-Types": HEAD + ARROW + LENGTH + ADD,
    "two Authorizations": get(b"Host: x", b"Authorization: a", b"Authorization: b"),
    "HTTP/1.2": get(b"Host: x", version=b"HTTP/1.2"),
    "HTTP/2.0": get(b"Host: x", version=b"HTTP/2.0"),
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/01.1": get(b"Host: x", version=b"HTTP/01.1"),
    "http/1.1": get(b"Host: x", version=b"http/1.1"),
    "a version of another protocol": get(b"Host: x", version=b"ICE/1.0"),
    "bytes behind the version": get(b"Host: x", version=b"HTTP/1.1 x"),
    "no version": get(b"Host: x", version=b""),
    "two spaces before the version": get(b"Host: x", target=b"/health "),
    "a tab in the request line": b"GET\t/health\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL of another scheme": get(b"Host: x", target=b"ftp://x/health"),
    "a URL without an authority": get(b"Host: x", target=b"http:///health"),
    "a URL with a user": get(b"Host: x", target=b"http://u@x/health"),
    "a URL without Host": get(target=b"http://x/health"),
    "a target without a slash": get(b"Host: x", target=b"health"),
    "a target with a fragment": get(b"Host: x", target=b"/health#a"),
    "a target with NUL": get(b"Host: x", target=b"/hea\0lth"),
    "* with GET": get(b"Host: x", target=b"*"),
    "no target": b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method in lower case": b"get /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method that is none": b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method without an end": b"G" * 5000 + b"\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "a proxy's greeting": b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n",
    "all bytes": bytes(range(256)) * 4,
    "a response": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "Content-Length in the request line": b"GET /health HTTP/1.1 Content-Length: 4\r\nHost: x\r\n\r\n",
}

# Refused for its size.
SIZES = {
    "a body of 1 TiB": (413, HEAD + b"Content-Length: 1099511627776\r\n\r\nabcd"),
    "a body of a byte too many": (413, HEAD + b"Content-Length: 67108865\r\n\r\nabcd"),
    "a chunk of 4 GiB": (413, CHUNKED + b"FFFFFFFF\r\nabcd"),
    "a chunk of 2^63": (413, CHUNKED + b"8000000000000000\r\nabcd"),
    "128 KiB of a header": (431, get(b"Host: x", b"X-A: " + b"a" * 131072)),
    "2,000 headers": (431, get(b"Host: x", *(b"X-%d: a" % i for i in range(2000)))),
    "2,000 empty headers": (431, get(b"Host: x", *(b"X:" for _ in range(2000)))),
    "a target of 9,000 bytes": (414, get(b"Host: x", target=b"/" + b"a" * 9000)),
    "a target of 128 KiB": (414, get(b"Host: x", target=b"/" + b"a" * 131072)),
    "an expectation that is unknown": (417, get(b"Host: x", b"Expect: 200-ok", b"Content-Length: 4")),
    "more extensions than chunks": (400, CHUNKED + b"".join(b"1;" + b"a" * 4000 + b"\r\na\r\n" for _ in range(200))),
    "trailers without an end": (400, CHUNKED + CHUNK + b"0\r\n" + b"X-A: b\r\n" * 20000),
}


def refused(worker, name, request, status):
    """The one answer has that status, and then the connection ends."""
    with worker.connect() as s:
        try:
            s.sendall(request + SMUGGLED)
        except OSError:
            pass  # refused on the way: the answer must be there all the same
        responses = Responses(s)
        first = responses.next()
        assert first, f"{name}: no answer"
        assert first[0] == status, f"{name}: {first[0]}, not {status}"
        assert b"\r\nConnection: close" in first[1], f"{name}: does not say that it closes"
        more = responses.next()
        assert more is None, f"{name}: SMUGGLED: {more}"


def valid_requests_are_answered():
    with Worker() as worker:
        for name, request in VALID.items():
            with worker.connect() as s:
                s.sendall(request + SMUGGLED)
                responses = Responses(s)
                statuses = [responses.status(), responses.status()]
                assert statuses == [200, 200], f"{name}: {statuses}"


def ambiguous_framing_is_refused():
    with Worker() as worker:
        for name, request in FRAMING.items():
            refused(worker, name, request, 400)
        with worker.connect() as s:
            assert ask(s, add_request()) == 200


def malformed_lines_are_refused():
    with Worker() as worker:
        for name, request in LINES.items():
            refused(worker, name, request, 400)


def sizes_are_limited():
    with Worker() as worker:
        before = worker.anonymous_bytes()
        for name, (status, request) in SIZES.items():
            refused(worker, name, request, status)
        assert worker.anonymous_bytes() < before + (8 << 20)


def refusals_do_not_depend_on_how_bytes_arrive():
    """The same requests, a byte at a time and in random pieces."""
    chance = random.Random(1)
    with Worker() as worker:
        for name, request in {**FRAMING, **LINES}.items():
            with worker.connect() as s:
                try:
                    at = 0
                    while at < len(request):
                        n = chance.choice((1, 1, 2, 7, 30))
                        s.sendall(request[at : at + n])
                        at += n
                    s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                status = Responses(s).status()
                assert status == 400, f"{name}: {status}"


def methods_and_pipelines():
    with Worker() as worker, worker.connect() as s:
        responses = Responses(s)
        s.sendall(b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n")
        status, head, _ = responses.next(bodiless=True)
        assert status == 200 and b"\r\nContent-Length: " in head
        s.sendall(b"OPTIONS /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert responses.status() in (200, 204)
        s.sendall(b"DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert responses.status() in (404, 405)
        s.sendall(add_request() * 100)
        assert [responses.status() for _ in range(100)] == [200] * 100


def a_client_that_waits_for_continue():
    with Worker() as worker, worker.connect() as s:
        responses = Responses(s)
        s.sendall(post(b"/add_floats", b"", b"Expect: 100-continue", length=len(ADD)))
        assert responses.status() == 100
        s.sendall(ADD)
        assert responses.status() == 200
    with Worker() as worker:
        refused(worker, "too much", HEAD + b"Expect: 100-continue\r\nContent-Length: 67108865\r\n\r\n", 413)


def version_1_0():
    with Worker() as worker:
        for keep in (False, True):
            with worker.connect() as s:
                lines = [b"Connection: keep-alive"] if keep else []
                request = get(*lines, version=b"HTTP/1.0")
                responses = Responses(s)
                s.sendall(request)
                status, head, _ = responses.next()
                assert status == 200
                assert (b"\r\nConnection: keep-alive" in head) == keep
                if keep:
                    s.sendall(request)
                    assert responses.status() == 200
                else:
                    assert responses.next() is None


assert CONFORMANCE.exists(), CONFORMANCE
run(
    valid_requests_are_answered,
    ambiguous_framing_is_refused,
    malformed_lines_are_refused,
    sizes_are_limited,
    refusals_do_not_depend_on_how_bytes_arrive,
    methods_and_pipelines,
    a_client_that_waits_for_continue,
    version_1_0,
)
