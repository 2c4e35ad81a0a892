#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The vgirpc command over HTTP, against our worker and against the reference's.

    tests/http/client.py [BUILD]

    VGI_PYTHON15   Python with release 0.15.0 of the reference (build/venv-15/bin/python)

The same calls with the same results on each server: unary, errors, logs, every kind of
stream, cancel; then what HTTP adds: prefixes, sockets, limits, codings, lost servers.
"""

import contextlib
import http.server
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
CLI = BUILD / "bin/vgirpc"
WORKER = BUILD / "bin/vgirpc-conformance-worker"
PYTHON15 = os.environ.get("VGI_PYTHON15", str(ROOT / "build/venv-15/bin/python"))
REFERENCE = ROOT / "tests/conformance/seed/reference_worker.py"
KEY = "11" * 32
WAIT = 60
INPUT = '{"value": 1.5}\n{"value": 2.5}\n'
ROWS = [f'{{"index":{i},"value":{10 * i}}}' for i in range(1000)]
LONG = "x" * 100_000

# Arguments behind the URL, what is printed, and a part of what is said on stderr. Arguments
# of an exchange end with its input.
CASES = {
    "call": ("call echo_string value=hi", ['{"result":"hi"}'], ""),
    "two parameters": ("call add_floats a=1 b=2.5", ['{"result":3.5}'], ""),
    "a long string": (f"call echo_string value={LONG}", [f'{{"result":"{LONG}"}}'], ""),
    "void": ("call void_noop", ["{}"], ""),
    "null": ("call echo_optional_string", ['{"result":null}'], ""),
    "exception": ("call raise_value_error message=boo", [], "error: ValueError: boo"),
    "type error": ("call raise_type_error message=boo", [], "error: TypeError: boo"),
    "logs": ("call echo_with_multi_logs value=x", ['{"result":"x"}'], "info: info: x"),
    "producer": ("stream produce_n count=5", ROWS[:5], ""),
    "long producer": ("stream produce_n count=300", ROWS[:300], ""),
    "empty producer": ("stream produce_empty", [], ""),
    "one batch": ("stream produce_single", ROWS[:1], ""),
    "large batches": ("stream produce_large_batches rows_per_batch=50 batch_count=3", None, ""),
    "producer with logs": ("stream produce_with_logs count=3", ROWS[:3], "info: producing batch 2"),
    "header": (
        "stream produce_with_header count=2 --header",
        ['{"total_expected":2,"description":"producing 2 batches"}', *ROWS[:2]],
        "",
    ),
    "header and logs": (
        "stream produce_with_header_and_logs count=1 --header",
        ['{"total_expected":1,"description":"producing 1 with logs"}', *ROWS[:1]],
        "info: stream init log",
    ),
    "failing producer": (
        "stream produce_error_mid_stream emit_before_error=3",
        ROWS[:3],
        "error: RuntimeError: intentional error after 3 batches",
    ),
    "refused producer": ("stream produce_error_on_init", [], "error: RuntimeError: intentional init"),
    "limit": ("stream produce_n count=1000000 --limit 3", ROWS[:3], ""),
    "exchange": ("stream exchange_scale factor=2 --input", ['{"value":3.0}', '{"value":5.0}'], ""),
    "exchange with state": (
        "stream exchange_accumulate --input",
        ['{"running_sum":1.5,"exchange_count":1}', '{"running_sum":4.0,"exchange_count":2}'],
        "",
    ),
    "exchange with logs": (
        "stream exchange_with_logs --input",
        ['{"value":1.5}', '{"value":2.5}'],
        "debug: exchange debug",
    ),
    "exchange with header": (
        "stream exchange_with_header factor=3 --header --input",
        ['{"total_expected":0,"description":"scale by 3.0"}', '{"value":4.5}', '{"value":7.5}'],
        "",
    ),
    "failing exchange": (
        "stream exchange_error_on_nth fail_on=2 --input",
        ['{"value":1.5}'],
        "error: RuntimeError: intentional error on exchange 2",
    ),
    "refused exchange": ("stream exchange_error_on_init --input", [], "intentional exchange init error"),
    "ticks for an exchange": ("stream exchange_scale factor=2", [], "error: TypeError: Input schema"),
    "input for a producer": ("stream produce_n count=3 --input", [], "is a producer"),
    "unknown method": ("call no_such_method", [], "has no method no_such_method"),
}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, detail=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAIL {name}: {detail}", flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped: {name}: {why}", flush=True)


@contextlib.contextmanager
def server(*argv):
    """A worker; the words of the line with which it says where it listens."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process.stdout.readline().strip().split(":", 1)
    finally:
        process.terminate()
        process.communicate(timeout=WAIT)


def vgirpc(command, url, *more):
    """Run the command on the URL; exit status, lines of stdout, stderr."""
    verb, *words = command.split()
    if words and words[-1] == "--input":
        words.append("-")
    argv = [CLI, verb, url, *words, "--format", "json", "--timeout", "30", *more]
    done = subprocess.run(argv, input=INPUT, capture_output=True, text=True, timeout=WAIT)
    return done.returncode, done.stdout.splitlines(), done.stderr


def run_cases(tally, leg, url, *more):
    for name, (command, rows, says) in CASES.items():
        status, out, err = vgirpc(command, url, *more)
        wanted = 1 if "error" in says or "is a producer" in says or "has no method" in says else 0
        good = status == wanted and says in err and (rows is None or out == rows)
        tally.check(f"{leg}: {name}", good, f"exit status {status}\n{out[:5]}\n{err}")
    cancel(tally, leg, url, *more)
    status, out, err = vgirpc("describe", url, *more)
    tally.check(f"{leg}: describe", status == 0 and '"name":"produce_n"' in "".join(out), err)


def cancel(tally, leg, url, *more):
    """The worker counts produced batches, of which it may make more than are taken, exchanged
    batches, and cancels."""
    vgirpc("call reset_cancel_probe", url, *more)
    vgirpc("stream cancellable_producer --limit 3", url, *more)
    vgirpc("stream cancellable_exchange --limit 1 --input", url, *more)
    status, out, err = vgirpc("call cancel_probe_counters", url, *more)
    good = status == 0 and out[0].endswith(",1,2]}") and (out[0] == '{"result":[3,1,2]}' or "several" in leg)
    tally.check(f"{leg}: cancel", good, f"{out} {err}")


def legs(tally):
    """The cases on servers of all sorts."""
    modes = {
        "plain": [],
        "prefix": ["--prefix", "/api/v1"],
        "several batches in one response": ["--max-response-bytes", "200000"],
        "sealed tokens": ["--token-format", "sealed"],
        "no compression": ["--compression", "none"],
    }
    for leg, flags in modes.items():
        with server(WORKER, "--http", *flags) as (_, port):
            path = "/api/v1/" if leg == "prefix" else ""
            run_cases(tally, leg, f"http://127.0.0.1:{port}{path}")
    with server(WORKER, "--http") as (_, port):
        run_cases(tally, "client without compression", f"http://localhost:{port}", "--no-compression")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/http.sock"
        with server(WORKER, "--http", "--http-unix", path) as (kind, _):
            tally.check("socket: discovery", kind == "UNIX", kind)
            run_cases(tally, "socket", "http://worker", "--unix-socket", path)
    if subprocess.run([PYTHON15, "-c", "import vgi_rpc, waitress"], capture_output=True).returncode:
        tally.skip("reference", f"{PYTHON15} has it not")
        return
    with server(PYTHON15, REFERENCE, "--http", "--token-key", KEY) as (_, port):
        run_cases(tally, "reference", f"http://127.0.0.1:{port}")


def limits(tally):
    with server(WORKER, "--http", "--max-request-bytes", "50000") as (_, port):
        url = f"http://127.0.0.1:{port}"
        status, _, err = vgirpc(f"call echo_string value={LONG}", url, "--no-compression")
        tally.check("request over the cap", status == 1 and "takes at most 50000" in err, err)
    with server(WORKER, "--http") as (_, port):
        url = f"http://127.0.0.1:{port}"
        status, _, err = vgirpc("call echo_string value=x", f"{url}/a/b/c")
        tally.check("wrong prefix", status == 1 and "prefix" in err, err)
        for flag in ("--bench", "200"), ("--bench", "50", "--no-compression"):
            status, out, err = vgirpc(f"call echo_string value={LONG}", url, *flag)
            tally.check("many long calls", status == 0 and '"calls":' in out[0], err)


def protocols(tally):
    """A service by its name: at the addresses of the current epoch."""
    named = "--protocol", "ConformanceService", "--protocol-version", "2.0.0"
    with server(WORKER, "--http", "--prefix", "/api") as (_, port):
        url = f"http://127.0.0.1:{port}/api"
        status, out, err = vgirpc("call echo_string value=hi", url, *named)
        tally.check("a service by name", status == 0 and out == ['{"result":"hi"}'], err)
        status, _, err = vgirpc("call echo_string value=hi", url, *named[:3], "3.0.0")
        tally.check("another version", status == 1 and "ProtocolVersionError" in err, err)
        status, _, err = vgirpc("call echo_string value=hi", url, "--protocol", "Nobody")
        tally.check("no such service", status == 1 and "ProtocolNotSupportedError" in err, err)
        status, _, err = vgirpc("stream produce_n count=2", url, *named)
        tally.check("a stream by name", status == 1 and "without its name" in err, err)


class Refuse(http.server.BaseHTTPRequestHandler):
    """401, in the words of a current server."""

    protocol_version = "HTTP/1.1"
    seen = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(self.headers.get("Authorization"))
        body = b'{"error":"unauthorized","reason":"expired_credential","detail":"authentication rejected"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def refusals(tally):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as refusing:
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{refusing.server_address[1]}"
        status, _, err = vgirpc("call x", url, "--http-header", "Authorization: Bearer abc")
        good = status == 1 and "AuthenticationError: expired_credential" in err
        tally.check("401", good and set(Refuse.seen) == {"Bearer abc"}, f"{err} {Refuse.seen}")
        refusing.shutdown()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        status, _, err = vgirpc("call x", url, "--timeout", "0.3")
        tally.check("a silent server", status == 1 and "300 ms" in err, err)
    status, _, err = vgirpc("call x", url)
    tally.check("nobody listens", status == 1 and "127.0.0.1" in err, err)


def trust(tally):
    """A server with a certificate that nobody knows."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
        more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]
        try:
            subprocess.run([*make.split(), *more], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            tally.skip("certificates", "openssl makes none")
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as https:
            https.socket = context.wrap_socket(https.socket, server_side=True)
            https.handle_error = lambda *_: None  # of clients that do not trust us
            threading.Thread(target=https.serve_forever, daemon=True).start()
            url = f"https://localhost:{https.server_address[1]}"
            _, _, err = vgirpc("call x", url)
            tally.check("unknown certificate", "certificate" in err, err)
            for flags in ("--ca-file", cert), ("--insecure",):
                _, _, err = vgirpc("call x", url, *flags)
                tally.check(f"certificate with {flags[0]}", "expired_credential" in err, err)
            https.shutdown()


def main():
    tally = Tally()
    legs(tally)
    limits(tally)
    protocols(tally)
    refusals(tally)
    trust(tally)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
