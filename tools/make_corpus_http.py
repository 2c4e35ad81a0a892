#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_h1_request and fuzz_http_headers."""
import gzip
import sys
from pathlib import Path

POST = b"POST /rpc HTTP/1.1\r\nHost: x\r\n"
ABCD = b"Content-Length: 4\r\n\r\nabcd"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
TAIL = b"\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

# What the first byte of fuzz_h1_request chooses: limits of 512 bytes, 8 headers and a body of 64, or the usual ones.
SMALL, USUAL = b"\0", b"\1"

REQUESTS = {
    "ok": POST + ABCD,
    "ok_chunked": CHUNKED + b"4\r\nabcd\r\n0\r\n\r\n",
    "length_and_coding": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET,
    "two_lengths": POST + b"Content-Length: 4\r\nContent-Length: 8\r\n\r\nabcdefgh",
    "length_plus": POST + b"Content-Length: +4\r\n\r\nabcd",
    "length_negative": POST + b"Content-Length: -1\r\n\r\n",
    "length_letters": POST + b"Content-Length: 4abc\r\n\r\nabcd",
    "length_overflow": POST + b"Content-Length: 18446744073709551620\r\n\r\nabcd",
    "length_tebibyte": POST + b"Content-Length: 1099511627776\r\n\r\nabcd",
    "coding_xchunked": POST + b"Transfer-Encoding: xchunked" + TAIL,
    "coding_not_last": POST + b"Transfer-Encoding: chunked, identity" + TAIL,
    "coding_gzip": POST + b"Transfer-Encoding: gzip, chunked" + TAIL,
    "coding_1_0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked" + TAIL,
    "chunk_0x4": CHUNKED + b"0x4\r\nabcd\r\n0\r\n\r\n",
    "chunk_overflow": CHUNKED + b"10000000000000004\r\nabcd\r\n0\r\n\r\n",
    "chunk_huge": CHUNKED + b"ffffffffffffffff\r\nabcd",
    "chunk_bad_tail": CHUNKED + b"4\r\nabcdXX0\r\n\r\n",
    "chunk_lf": CHUNKED + b"4\nabcd\n0\n\n",
    "chunk_extensions": CHUNKED + b'4;a;b=c;d="e\\"f"\r\nabcd\r\n0;g\r\nA: b\r\n\r\n' + GET,
    "chunk_zeros": CHUNKED + b"0" * 600 + b"4\r\nabcd\r\n0\r\n\r\n",
    "chunk_over_limit": CHUNKED + b"28\r\n" + b"a" * 40 + b"\r\n28\r\n" + b"a" * 40 + b"\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"1\r\na\r\n0\r\nHost: y\r\nContent-Length: 9\r\nConnection: close\r\n\r\n" + GET,
    "lone_cr": b"POST /rpc HTTP/1.1\r\nHost: x\rContent-Length: 4\r\n\r\nabcd",
    "space_before_colon": POST + b"Content-Length : 4\r\n\r\nabcd",
    "space_before_line": POST + b" Content-Length: 4\r\n\r\nabcd",
    "folded": POST + b"X-A: b\r\n c\r\n" + ABCD,
    "nul_in_value": POST + b"X-A: b\0c\r\n" + ABCD,
    "no_host": b"POST /rpc HTTP/1.1\r\n" + ABCD,
    "two_hosts": b"POST /rpc HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + ABCD,
    "host_invalid": b"GET / HTTP/1.1\r\nHost: user@a/b\r\n\r\n",
    "host_ipv6": b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    "bare_lf": b"POST /rpc HTTP/1.1\nHost: x\nContent-Length: 4\n\nabcd",
    "http_1_2": b"POST /rpc HTTP/1.2\r\nHost: x\r\n" + ABCD,
    "http_2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http_0_9": b"GET /\r\n\r\n",
    "rtsp": b"GET / RTSP/1.0\r\nHost: x\r\n\r\n",
    "long_header": POST + b"X-A: " + b"a" * 1024 + b"\r\n" + ABCD,
    "long_target": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many_headers": POST + b"".join(b"X-%d: a\r\n" % i for i in range(120)) + ABCD,
    "garbage": bytes(range(256)) * 4,
    "head": b"HEAD /rpc HTTP/1.1\r\nHost: x\r\n\r\n",
    "options": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "delete": b"DELETE /rpc HTTP/1.1\r\nHost: x\r\n\r\n",
    "expect": POST + b"Expect: 100-continue\r\n" + ABCD,
    "expect_other": POST + b"Expect: tea\r\n" + ABCD,
    "upgrade": POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + ABCD,
    "connect": b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n",
    "absolute": b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute_bare": b"OPTIONS https://[::1]:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute_user": b"GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "query": b"GET /a%2Fb?c=d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "close": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + GET,
    "empty_lines": b"\r\n\r\n" + GET + b"\r\n" + GET,
    "pipelined": (POST + ABCD) * 3,
    "pipelined_mixed": GET + CHUNKED + b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n" + POST + ABCD + POST,
}

HEADERS = {
    "accept": b"text/html,application/xhtml+xml;q=0.9, */*;q=0.8",
    "accept_refused": b"text/html;q=0.000, application/json",
    "encodings": b"gzip;q=1.0, ZSTD , identity;q=0, br,,",
    "type": b'Application/vnd.apache.arrow.stream; charset="utf-8; x"',
    "html": b"text/html ; level=1",
    "quoted": b'a;b="c,\\",d";e, f;g=" open',
    "cookies": b'a=1; session="x y"; b=; c; =d; session=2',
    "cookie_quote": b'z="; session=abc',
    "decimal": b"9223372036854775807",
    "decimal_over": b"9223372036854775808",
    "decimal_zeros": b"007",
    "escapes": b"/a%2Fb%zz%4",
    "escaped": b"%41%00%ff+",
    "token": b"X-Request-ID",
    "control": b"a\r\nSet-Cookie: b\0\x7f",
    "spaces": b" \t , ;\t; = ",
    "gzip": gzip.compress(b"abc" * 100, mtime=0),
    "gzip_two": gzip.compress(b"abc", mtime=0) * 2,
    "gzip_bomb": gzip.compress(bytes(1 << 17), mtime=0),
    "gzip_cut": gzip.compress(b"abc" * 100, mtime=0)[:-5],
    # Frames of raw blocks: "abc" with its size, the same without, and one that claims 1 TiB.
    "zstd": bytes.fromhex("28b52ffd2003190000616263"),
    "zstd_no_size": bytes.fromhex("28b52ffd0000190000616263"),
    "zstd_claims": bytes.fromhex("28b52ffde00000000000010000190000616263"),
    "zstd_run": bytes.fromhex("28b52ffda000000200030010000061"),
}


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "fuzz/corpus")
    for folder in ("h1_request", "http_headers"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for i, (name, data) in enumerate(REQUESTS.items()):
        limits = SMALL if name in ("long_header", "chunk_zeros", "chunk_over_limit") else USUAL
        (out / "h1_request" / name).write_bytes(limits + bytes([i]) + data)
    for name, data in HEADERS.items():
        (out / "http_headers" / name).write_bytes(data)


if __name__ == "__main__":
    main()
