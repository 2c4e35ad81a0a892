# SPDX-License-Identifier: Apache-2.0
"""Amazon S3 and Google Cloud Storage, as far as the stores use them, in this process.

Signatures are checked with nothing but hashlib and big numbers, written from the public
descriptions and not from the library: a mistake would have to be made twice. What comes is kept in
`objects`; `faults` says what goes wrong with the next requests.
"""

import base64
import hashlib
import hmac
import json
import re
import socket
import struct
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote_to_bytes

UNRESERVED = "-_.~"
CLOCK_SKEW_S = 900


class Refused(Exception):
    def __init__(self, status, code, text):
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def check(condition, status, code, text):
    if not condition:
        raise Refused(status, code, text)


# ---- RSA, as far as tests need it ----


def der(data):
    """The values of a DER sequence: integers, and bytes of all else."""
    at, out = 0, []
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            n = length & 0x7F
            length, at = int.from_bytes(data[at : at + n], "big"), at + n
        value, at = data[at : at + length], at + length
        out.append(int.from_bytes(value, "big") if tag == 2 else value)
    return out


class Key:
    """An RSA key out of PEM: PKCS#8 or PKCS#1."""

    def __init__(self, pem):
        body = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
        values = der(der(body)[0])
        if isinstance(values[2], bytes):
            values = der(der(values[2])[0])
        self.n, self.e, self.d = values[1:4]
        self.size = (self.n.bit_length() + 7) // 8

    def _padded(self, data):
        tail = bytes.fromhex("003031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
        return int.from_bytes(b"\0\1" + b"\xff" * (self.size - 2 - len(tail)) + tail, "big")

    def verify(self, data, signature):
        return pow(int.from_bytes(signature, "big"), self.e, self.n) == self._padded(data)

    def sign(self, data):
        return pow(self._padded(data), self.d, self.n).to_bytes(self.size, "big")


# ---- signatures ----


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def canonical_request(method, raw_path, query, headers, names, payload):
    path = quote(unquote_to_bytes(raw_path), safe=UNRESERVED + "/")
    check(path == raw_path, 400, "InvalidURI", f"not the canonical path: {raw_path}")
    pairs = sorted((quote(k, safe=UNRESERVED), quote(v, safe=UNRESERVED)) for k, v in query)
    lines = [method, path, "&".join(f"{k}={v}" for k, v in pairs)]
    lines += [f"{name}:{' '.join(headers.get(name, '').split())}" for name in names]
    return "\n".join([*lines, "", ";".join(names), payload])


def aws_signature(secret, scope, text):
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def seconds(stamp):
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()


class Stub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, account=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys = {"AKIDEXAMPLE": ("secret/with+signs", None)}  # id: secret, session token
        self.account = account
        self.key = Key(account["private_key"]) if account else None
        self.tokens, self.tokens_made, self.token_life_s = set(), 0, 3600
        self.region, self.bucket = "eu-test-1", "batches"
        self.objects, self.uploads, self.aborted = {}, {}, []
        self.faults = []  # (what, *more) for each of the next requests; None: nothing
        self.requests = []  # method, path, headers
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Connections that end early are what is tested."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    # -- what goes wrong --

    def cut(self):
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def misbehave(self, fault):
        """True: the request has been dealt with."""
        what, *more = fault
        self.lost = what == "lost"
        if self.lost:  # it is carried out, but there is no answer
            return False
        length = int(self.headers.get("Content-Length") or 0)
        if what == "cut":  # in the middle of the body
            self.rfile.read(min(length // 2, 100_000))
            self.cut()
        elif what == "cut-answer":
            self.rfile.read(length)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.wfile.flush()
            self.cut()
        elif what == "stall":
            time.sleep(more[0])
            self.cut()
        elif what == "drip":  # a byte now and then, for ever
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                for _ in range(200):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                pass
            self.cut()
        elif what == "answer":
            self.rfile.read(length)
            self.answer(*more)
        return True

    # -- answers --

    def answer(self, status, body=b"", headers=()):
        if self.lost:
            self.cut()
            return
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, error):
        if self.is_json:
            body = json.dumps({"error": {"code": error.status, "message": error.text}}).encode()
        else:
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{error.code}</Code>'
                f"<Message>{error.text}</Message></Error>"
            ).encode()
        self.answer(error.status, body)

    # -- a request --

    def handle_any(self):
        stub = self.server
        with stub.lock:
            fault = stub.faults.pop(0) if stub.faults else None
            stub.requests.append((self.command, self.path, dict(self.headers)))
        self.lost = False
        if fault and self.misbehave(fault):
            return
        self.raw_path, _, raw_query = self.path.partition("?")
        self.query = parse_qsl(raw_query, keep_blank_values=True, strict_parsing=bool(raw_query))
        self.parameters = dict(self.query)
        self.is_json = self.raw_path.startswith(("/upload/", "/token", "/v1/"))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.raw_path == "/token":
                self.make_token()
            elif self.raw_path.startswith("/upload/storage/v1/b/"):
                self.gcs_upload()
            elif self.raw_path.startswith("/v1/projects/-/serviceAccounts/"):
                self.sign_blob()
            else:
                self.object_request()
        except Refused as error:
            self.refuse(error)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def header_map(self):
        return {name.lower(): value for name, value in self.headers.items()}

    # -- who asks --

    def check_aws_header(self):
        match = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/(.+), SignedHeaders=([^,]+), Signature=(\w{64})",
            self.headers["Authorization"],
        )
        check(match, 400, "AuthorizationHeaderMalformed", "the header is malformed")
        who, day, scope, names, signature = match.groups()
        payload = self.headers.get("x-amz-content-sha256", "")
        check(payload == sha256(self.body), 400, "XAmzContentSHA256Mismatch", "the body has another hash")
        present = {n for n in self.header_map() if n.startswith("x-amz-") or n in ("host", "content-type")}
        missing = present - set(names.split(";"))
        check(not missing, 403, "AccessDenied", f"headers are not signed: {missing}")
        stamp = self.headers["x-amz-date"]
        check(abs(seconds(stamp) - time.time()) < CLOCK_SKEW_S, 403, "RequestTimeTooSkewed", "the time is off")
        token = self.headers.get("x-amz-security-token")
        self.check_aws(who, f"{day}/{scope}", stamp, names.split(";"), payload, (token, signature))

    def check_aws_query(self):
        p = self.parameters
        who, _, scope = p["X-Amz-Credential"].partition("/")
        expires = seconds(p["X-Amz-Date"]) + int(p["X-Amz-Expires"])
        self.query = [pair for pair in self.query if pair[0] != "X-Amz-Signature"]
        rest = (p.get("X-Amz-Security-Token"), p["X-Amz-Signature"])
        names = p["X-Amz-SignedHeaders"].split(";")
        self.check_aws(who, scope, p["X-Amz-Date"], names, "UNSIGNED-PAYLOAD", rest)
        check(time.time() < expires, 403, "AccessDenied", "Request has expired")

    def check_aws(self, who, scope, stamp, names, payload, rest):
        stub, (token, signature) = self.server, rest
        check(who in stub.keys, 403, "InvalidAccessKeyId", "The key does not exist")
        secret, session = stub.keys[who]
        check(token == session, 400, "ExpiredToken", "The provided token has expired.")
        expected = f"{stamp[:8]}/{stub.region}/s3/aws4_request"
        check(scope == expected, 400, "AuthorizationHeaderMalformed", f"scope {scope} is not {expected}")
        request = canonical_request(self.command, self.raw_path, self.query, self.header_map(), names, payload)
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, sha256(request.encode())])
        good = hmac.compare_digest(aws_signature(secret, scope, text), signature)
        check(good, 403, "SignatureDoesNotMatch", "The signature does not match")

    def check_google_query(self):
        stub, p = self.server, self.parameters
        check(p["X-Goog-Algorithm"] == "GOOG4-RSA-SHA256", 400, "InvalidArgument", "algorithm")
        who, _, scope = p["X-Goog-Credential"].partition("/")
        check(who == stub.account["client_email"], 403, "AccessDenied", f"who is {who}?")
        expected = f"{p['X-Goog-Date'][:8]}/auto/storage/goog4_request"
        check(scope == expected, 400, "InvalidArgument", f"scope {scope}")
        query = [pair for pair in self.query if pair[0] != "X-Goog-Signature"]
        names = p["X-Goog-SignedHeaders"].split(";")
        headers = self.header_map()
        request = canonical_request(self.command, self.raw_path, query, headers, names, "UNSIGNED-PAYLOAD")
        text = "\n".join(["GOOG4-RSA-SHA256", p["X-Goog-Date"], scope, sha256(request.encode())])
        good = stub.key.verify(text.encode(), bytes.fromhex(p["X-Goog-Signature"]))
        check(good, 403, "SignatureDoesNotMatch", "The signature does not match")
        expires = seconds(p["X-Goog-Date"]) + int(p["X-Goog-Expires"])
        check(time.time() < expires, 400, "ExpiredToken", "Invalid argument.")

    # -- objects --

    def object_request(self):
        if "Authorization" in self.headers:
            self.check_aws_header()
        elif "X-Amz-Signature" in self.parameters:
            self.check_aws_query()
        elif "X-Goog-Signature" in self.parameters:
            self.check_google_query()
        else:
            raise Refused(403, "AccessDenied", "Access Denied")
        stub = self.server
        host, path = self.headers["Host"], self.raw_path
        if host.startswith(f"{stub.bucket}."):
            path = f"/{stub.bucket}{path}"
        bucket, _, key = unquote_to_bytes(path[1:]).decode().partition("/")
        check(bucket == stub.bucket, 404, "NoSuchBucket", "The specified bucket does not exist")
        with stub.lock:
            self.do_object(stub, key)

    def do_object(self, stub, key):
        p = self.parameters
        if self.command == "PUT" and "partNumber" in p:
            check(p["uploadId"] in stub.uploads, 404, "NoSuchUpload", "no such upload")
            stub.uploads[p["uploadId"]][int(p["partNumber"])] = self.body
            self.answer(200, headers=[("ETag", f'"{hashlib.md5(self.body).hexdigest()}"')])
        elif self.command == "PUT":
            stub.objects[key] = (self.body, self.header_map())
            self.answer(200)
        elif self.command == "POST" and "uploads" in p:
            upload = f"id/{len(stub.uploads)}+="
            stub.uploads[upload] = {"key": key, "headers": self.header_map()}
            self.answer(200, f"<R><UploadId>{upload}</UploadId></R>".encode())
        elif self.command == "POST":
            check(p["uploadId"] in stub.uploads, 404, "NoSuchUpload", "no such upload")
            self.complete(stub, key, stub.uploads.pop(p["uploadId"]))
        elif self.command == "DELETE":
            stub.aborted.append(p["uploadId"])
            stub.uploads.pop(p["uploadId"], None)
            self.answer(204)
        else:
            check(key in stub.objects, 404, "NoSuchKey", "The specified key does not exist.")
            self.answer(200, stub.objects[key][0])

    def complete(self, stub, key, upload):
        parts = re.findall(rb"<PartNumber>(\d+)</PartNumber><ETag>\"(\w+)\"</ETag>", self.body)
        check(upload["key"] == key, 400, "InvalidPart", "another key")
        for number, etag in parts:
            same = hashlib.md5(upload[int(number)]).hexdigest() == etag.decode()
            check(same, 400, "InvalidPart", f"part {number}")
        body = b"".join(upload[int(number)] for number, _ in parts)
        stub.objects[key] = (body, upload["headers"])
        self.answer(200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    # -- Google's own --

    def make_token(self):
        stub, p = self.server, dict(parse_qsl(self.body.decode()))
        head, claims, signature = p["assertion"].split(".")

        def decoded(text):
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

        check(p["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer", 400, "", "grant_type")
        check(stub.key.verify(f"{head}.{claims}".encode(), decoded(signature)), 400, "", "signature")
        head, claims = json.loads(decoded(head)), json.loads(decoded(claims))
        check(head["alg"] == "RS256" and head["kid"] == stub.account["private_key_id"], 400, "", "head")
        check(claims["iss"] == stub.account["client_email"], 400, "", "iss")
        check(claims["aud"] == stub.account["token_uri"], 400, "", "aud")
        check(claims["scope"].endswith("/auth/devstorage.read_write"), 400, "", "scope")
        now = time.time()
        check(now - 60 < claims["iat"] <= now + 1 and claims["exp"] <= claims["iat"] + 3600, 400, "", "times")
        with stub.lock:
            stub.tokens_made += 1
            token = f"token-{stub.tokens_made}"
            stub.tokens.add(token)
        body = {"access_token": token, "expires_in": stub.token_life_s, "token_type": "Bearer"}
        self.answer(200, json.dumps(body).encode())

    def check_bearer(self):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        check(kind == "Bearer" and token in self.server.tokens, 401, "", "Invalid Credentials")

    def gcs_upload(self):
        self.check_bearer()
        stub, p = self.server, self.parameters
        check(self.raw_path == f"/upload/storage/v1/b/{stub.bucket}/o", 404, "", "Not Found")
        check(p["uploadType"] == "media", 400, "", "uploadType")
        with stub.lock:
            check(p["name"] not in stub.objects, 403, "", "no storage.objects.delete access")
            headers = {**self.header_map(), "content-encoding": p.get("contentEncoding")}
            stub.objects[p["name"]] = (self.body, headers)
        self.answer(200, b"{}")

    def sign_blob(self):
        self.check_bearer()
        expected = f"/v1/projects/-/serviceAccounts/{self.server.account['client_email']}:signBlob"
        check(self.raw_path == expected, 404, "", "Not Found")
        data = base64.b64decode(json.loads(self.body)["payload"])
        blob = base64.b64encode(self.server.key.sign(data)).decode()
        self.answer(200, json.dumps({"keyId": "k", "signedBlob": blob}).encode())
