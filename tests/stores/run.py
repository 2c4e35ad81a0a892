#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stores S3 and GCS against servers in this process that check every signature.

    tests/stores/run.py [BUILD]
"""

import json
import sys
import threading
import time
from urllib.parse import unquote, urlsplit

from stub import Stub
from tooling import MIB, ROOT, WORK, fetch, flipped, ok, payload, refused, run_all, tool

ACCOUNT = json.loads((ROOT / "components/gcs/tests/service_account.json").read_text())


# ---- S3 ----


def s3(stub, what, *options, **named):
    defaults = {
        "bucket": stub.bucket,
        "endpoint": stub.url,
        "region": stub.region,
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "secret/with+signs",
    }
    return tool("s3", what, *options, **{**defaults, **named})


def from_environment(stub, env, **named):
    settings = {"bucket": stub.bucket, "endpoint": stub.url, **named}
    return tool("s3", ["upload", payload(10)[0]], env=env, **settings)


def test_s3_upload(stub):
    for size in (0, 1, 1000, 3 * MIB):
        path, data = payload(size)
        (url,) = ok(s3(stub, ["upload", path]))
        key = unquote(urlsplit(url).path).partition(f"/{stub.bucket}/")[2]
        body, headers = stub.objects[key]
        assert body == data
        assert headers["content-type"] == "application/vnd.apache.arrow.stream"
        assert "content-encoding" not in headers
        assert key.startswith("vgi-rpc/") and key.endswith(".arrow") and len(key) == 8 + 32 + 6
        assert fetch(url) == (200, data)


def test_s3_names(stub):
    path, data = payload(100)
    seen = set()
    for prefix in ("", "a b/", "ünï/+%&=?#/", "~-_./x", "//"):
        (url,) = ok(s3(stub, ["upload", path], prefix=prefix, coding="zstd"))
        key = unquote(urlsplit(url).path).partition(f"/{stub.bucket}/")[2]
        assert key.startswith(prefix) and key.endswith(".arrow.zst")
        assert stub.objects[key][1]["content-encoding"] == "zstd"
        assert fetch(url) == (200, data)
        seen.add(key)
    assert len(seen) == 5
    refused(s3(stub, ["upload", path], prefix="a/../b"), "VGI_EINVAL", "prefix")


def test_s3_virtual_host(stub):
    # *.localhost is this machine.
    port = urlsplit(stub.url).port
    path, data = payload(100)
    (url,) = ok(s3(stub, ["upload", path], endpoint=f"http://localhost:{port}", virtual_host=1))
    assert url.startswith(f"http://{stub.bucket}.localhost:{port}/vgi-rpc/")
    assert fetch(url) == (200, data)


def test_s3_urls(stub):
    _, data = payload(1000)
    before = time.time()
    put, get, expires = ok(s3(stub, ["urls"], presign_expiry_s=100))
    assert before + 99 < int(expires) / 1e6 < time.time() + 101
    assert fetch(get)[0] == 404
    assert fetch(put, "PUT", data, {"Content-Type": "application/x"})[0] == 200
    assert fetch(get) == (200, data)
    assert fetch(get, "PUT", data)[0] == 403
    assert fetch(put)[0] == 403


def test_s3_tampered(stub):
    (url,) = ok(s3(stub, ["upload", payload(10)[0]]))
    assert fetch(url)[0] == 200
    for name in ("X-Amz-Signature", "X-Amz-Expires"):
        assert fetch(flipped(url, name))[0] == 403
    assert fetch(url.replace(".arrow?", ".arrox?"))[0] == 403
    assert fetch(url + "&more=1")[0] == 403
    refused(
        s3(stub, ["upload", payload(10)[0]], secret_access_key="wrong"),
        "VGI_EIO",
        "403, SignatureDoesNotMatch: The signature does not match",
    )


def test_s3_expired(stub):
    (url,) = ok(s3(stub, ["upload", payload(10)[0]], presign_expiry_s=3))
    assert fetch(url)[0] == 200
    time.sleep(3.2)
    status, body = fetch(url)
    assert status == 403 and b"expired" in body
    refused(s3(stub, ["urls"], presign_expiry_s=604801), "VGI_EINVAL", "604800")


def test_s3_session(stub):
    token = "token/with+signs=="
    stub.keys["ASIA"] = ("other", token)
    (url,) = ok(
        s3(stub, ["upload", payload(10)[0]], access_key_id="ASIA", secret_access_key="other", session_token=token)
    )
    assert "X-Amz-Security-Token=token%2Fwith%2Bsigns%3D%3D" in url
    assert fetch(url)[0] == 200
    wrong = {"access_key_id": "ASIA", "secret_access_key": "other", "session_token": "old"}
    refused(s3(stub, ["upload", payload(10)[0]], **wrong), "ExpiredToken")


def test_s3_environment(stub):
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/with+signs"}
    ok(from_environment(stub, {**keys, "AWS_REGION": stub.region, "AWS_DEFAULT_REGION": "no"}))
    ok(from_environment(stub, {**keys, "AWS_DEFAULT_REGION": stub.region}))
    refused(from_environment(stub, keys), "AuthorizationHeaderMalformed", "us-east-1")
    stub.keys["ASIA"] = ("other", "token")
    session = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "other", "AWS_SESSION_TOKEN": "token"}
    ok(from_environment(stub, {**session, "AWS_REGION": stub.region}))
    refused(from_environment(stub, {}), "VGI_ENOTFOUND", "no credentials")


def test_s3_file(stub):
    region = {"AWS_REGION": stub.region}
    file = WORK / ".aws/credentials"
    file.parent.mkdir(exist_ok=True)
    text = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key=secret/with+signs\n"
    file.write_text(f"# mine\n[other]\naws_access_key_id=X\naws_secret_access_key=Y\n{text}")
    ok(from_environment(stub, region))
    refused(from_environment(stub, {**region, "AWS_PROFILE": "other"}), "InvalidAccessKeyId")
    refused(from_environment(stub, region, profile="none"), "VGI_ENOTFOUND", '"none"')
    elsewhere = WORK / "elsewhere"
    elsewhere.write_text(text)
    file.unlink()
    ok(from_environment(stub, {**region, "AWS_SHARED_CREDENTIALS_FILE": str(elsewhere)}))
    ok(from_environment(stub, region, credentials_file=elsewhere))


def test_s3_rotation(stub):
    """New keys in the file are taken up by a store that is in use, even in mid-upload."""
    file = WORK / "rotating"

    def write(who, secret, token):
        fresh = file.with_suffix(".new")
        fresh.write_text(
            f"[default]\naws_access_key_id={who}\naws_secret_access_key={secret}\naws_session_token={token}\n"
        )
        fresh.rename(file)

    stub.keys["ASIA1"], stub.keys["ASIA2"] = ("one", "new"), ("two", "two")
    write("ASIA1", "one", "old")
    threading.Timer(0.5, write, ("ASIA2", "two", "two")).start()
    ok(from_environment(stub, {"AWS_REGION": stub.region}, credentials_file=file, retries=5))


def test_s3_multipart(stub):
    path, data = payload(20 * MIB + 5)
    (url,) = ok(s3(stub, ["upload", path], multipart_bytes=MIB, coding="zstd"))
    key = unquote(urlsplit(url).path).partition(f"/{stub.bucket}/")[2]
    assert stub.objects[key][0] == data
    assert stub.objects[key][1]["content-encoding"] == "zstd"
    puts = [path for method, path, _ in stub.requests if method == "PUT"]
    assert len(puts) == 3 and not stub.uploads and not stub.aborted
    assert fetch(url) == (200, data)


def test_s3_multipart_part_retried(stub):
    path, data = payload(20 * MIB + 5)
    stub.faults = [None, None, ("cut",), None, ("answer", 503)]
    (url,) = ok(s3(stub, ["upload", path], multipart_bytes=MIB))
    assert fetch(url) == (200, data)
    assert len([1 for method, *_ in stub.requests if method == "PUT"]) == 5


def test_s3_multipart_aborted(stub):
    path, _ = payload(20 * MIB + 5)
    stub.faults = [None, None, ("answer", 403, b"<Error><Code>AccessDenied</Code></Error>")]
    refused(s3(stub, ["upload", path], multipart_bytes=MIB), "403, AccessDenied")
    assert len(stub.aborted) == 1 and not stub.uploads and not stub.objects


def test_s3_multipart_fails_at_the_end(stub):
    """Status 200, and an error in the body."""
    path, _ = payload(9 * MIB)
    error = b"<Error><Code>InternalError</Code><Message>We are sorry</Message></Error>"
    stub.faults = [None, None, None, *[("answer", 200, error)] * 2]
    lines = s3(stub, ["upload", path], multipart_bytes=MIB, retries=1)
    refused(lines, "InternalError: We are sorry")
    assert len(stub.aborted) == 1
    stub.faults = [None, None, None, ("answer", 200, error)]
    ok(s3(stub, ["upload", path], multipart_bytes=MIB))


def test_s3_multipart_lost_at_the_end(stub):
    """The upload was completed, but nobody heard of it."""
    path, data = payload(9 * MIB)
    stub.faults = [None, None, None, ("lost",)]
    (url,) = ok(s3(stub, ["upload", path], multipart_bytes=MIB))
    assert fetch(url) == (200, data) and not stub.aborted
    assert [method for method, *_ in stub.requests[:6]] == ["POST", "PUT", "PUT", "POST", "POST", "HEAD"]


def retries(stub, run):
    """What passes is tried again; what does not is not."""
    path, data = payload(3 * MIB)
    stub.faults = [("cut",), ("cut-answer",)]
    (url,) = ok(run(["upload", path]))
    assert fetch(url) == (200, data)
    stub.faults = [("lost",)]
    (url,) = ok(run(["upload", path]))
    assert fetch(url) == (200, data)
    for status in (408, 429, 500, 502, 503, 504):
        stub.requests.clear()
        stub.faults = [("answer", status)]
        ok(run(["upload", path]))
    for status in (400, 403, 404, 501):
        stub.requests.clear()
        stub.faults = [("answer", status)]
        refused(run(["upload", path]), str(status))
    stub.faults = [("cut",)] * 3
    refused(run(["upload", path]), "VGI_E")
    stub.faults = [("cut",)]
    refused(run(["upload", path], no_retries=1), "VGI_E")
    stub.faults = []


def bounded(stub, run):
    """Slow servers cost no more than the deadline, whatever they do."""
    path, _ = payload(100_000)
    for fault in (("stall", 30), ("drip",)):
        stub.faults = [fault] * 3
        started = time.monotonic()
        refused(run(["upload", path], timeout_ms=1000), "VGI_ETIMEDOUT")
        assert 0.9 < time.monotonic() - started < 5
    stub.faults = [("answer", 503)] * 100
    started = time.monotonic()
    refused(run(["upload", path], timeout_ms=1500, retries=50), "503")
    assert time.monotonic() - started < 5
    stub.faults = []


def test_s3_retries(stub):
    retries(stub, lambda *a, **k: s3(stub, *a, **k))


def test_s3_slow(stub):
    bounded(stub, lambda *a, **k: s3(stub, *a, **k))


def test_s3_refusals(stub):
    """What a server says reaches the message, but not all of it, and no control characters."""
    path, _ = payload(10)
    text = b"<Error><Code>C\x1b[2J</Code><Message>" + b"m" * 2000 + b"</Message></Error>"
    stub.faults = [("answer", 403, text)]
    line = refused(s3(stub, ["upload", path]), "C?[2J", "mmm")
    assert len(line) < 500 and "\x1b" not in line
    stub.faults = [("answer", 403, b"<Error><Code>")]
    refused(s3(stub, ["upload", path]), "status 403")
    stub.faults = [("answer", 403, b"x" * MIB)]
    refused(s3(stub, ["upload", path]), "VGI_ELIMIT")
    stub.faults = [("answer", 307, b"", [("Location", "http://127.0.0.1:1/")])]
    refused(s3(stub, ["upload", path]), "status 307")


def test_s3_nobody_there(stub):
    path, _ = payload(10)
    refused(s3(stub, ["upload", path], endpoint="http://127.0.0.1:1"), "VGI_ECONNECT")
    refused(s3(stub, ["upload", path], endpoint="ftp://x"), "VGI_EINVAL", "endpoint")
    refused(s3(stub, ["upload", path], bucket="a/b"), "VGI_EINVAL", "bucket")


# ---- GCS ----


def gcs(stub, what, *options, env=None, **named):
    file = WORK / "account.json"
    file.write_text(json.dumps({**ACCOUNT, "token_uri": stub.account["token_uri"]}))
    defaults = {"bucket": stub.bucket, "endpoint": stub.url, "credentials_file": file}
    given = {name: value for name, value in {**defaults, **named}.items() if value is not None}
    return tool("gcs", what, *options, env=env, **given)


def name_of(stub, url):
    return unquote(urlsplit(url).path).partition(f"/{stub.bucket}/")[2]


def test_gcs_upload(stub):
    for size in (0, 1000, 3 * MIB):
        path, data = payload(size)
        (url,) = ok(gcs(stub, ["upload", path]))
        body, headers = stub.objects[name_of(stub, url)]
        assert body == data and headers["content-encoding"] is None
        assert headers["content-type"] == "application/vnd.apache.arrow.stream"
        assert fetch(url) == (200, data)


def test_gcs_names(stub):
    path, data = payload(100)
    for prefix in ("", "a b/", "ünï/+%&=?#/", "~-_./x"):
        (url,) = ok(gcs(stub, ["upload", path], prefix=prefix, coding="zstd"))
        name = name_of(stub, url)
        assert name.startswith(prefix) and name.endswith(".arrow.zst")
        assert stub.objects[name][1]["content-encoding"] == "zstd"
        assert fetch(url) == (200, data)


def test_gcs_token_is_kept(stub):
    ok(gcs(stub, ["upload", payload(10)[0]], times=5))
    assert stub.tokens_made == 1
    stub.token_life_s = 0
    ok(gcs(stub, ["upload", payload(10)[0]], times=3))
    assert stub.tokens_made == 4


def test_gcs_token_refused(stub):
    """One that was withdrawn before its time is replaced, within the same upload."""
    made = stub.tokens_made
    stub.faults = [None, ("answer", 401)]
    ok(gcs(stub, ["upload", payload(10)[0]]))
    assert stub.tokens_made == made + 2
    stub.faults = [("answer", 400, b'{"error":"invalid_grant","error_description":"Bad JWT"}')]
    refused(gcs(stub, ["upload", payload(10)[0]]), "VGI_EIO", "invalid_grant: Bad JWT")
    stub.faults = [("answer", 503, b'{"access_token":"old"}'), ("answer", 200, b"{}")]
    refused(gcs(stub, ["upload", payload(10)[0]]), "no access token")
    stub.faults = [("answer", 200, b'{"access_token":"a\\nb"}')]
    refused(gcs(stub, ["upload", payload(10)[0]]), "no access token")
    stub.faults = [("cut",), ("answer", 503)]
    ok(gcs(stub, ["upload", payload(10)[0]]))


def test_gcs_urls(stub):
    _, data = payload(1000)
    before = time.time()
    put, get, expires = ok(gcs(stub, ["urls"], presign_expiry_s=100))
    assert before + 99 < int(expires) / 1e6 < time.time() + 101
    assert fetch(put, "PUT", data, {"Content-Type": "application/x"})[0] == 200
    assert fetch(get) == (200, data)
    assert fetch(get, "PUT", data)[0] == 403
    assert fetch(flipped(get, "X-Goog-Signature"))[0] == 403
    assert fetch(flipped(get, "X-Goog-Expires"))[0] == 403
    assert fetch(get + "&more=1")[0] == 403


def test_gcs_expired(stub):
    (url,) = ok(gcs(stub, ["upload", payload(10)[0]], presign_expiry_s=3))
    assert fetch(url)[0] == 200
    time.sleep(3.2)
    assert fetch(url)[0] == 400


def test_gcs_access_token(stub):
    """Without a key Google signs."""
    stub.tokens.add("mine")
    made = stub.tokens_made
    signer = {"signer_email": ACCOUNT["client_email"], "signer_endpoint": stub.url}
    path, data = payload(1000)
    (url,) = ok(gcs(stub, ["upload", path], credentials_file=None, access_token="mine", **signer))
    assert fetch(url) == (200, data) and stub.tokens_made == made
    refused(gcs(stub, ["upload", path], credentials_file=None, access_token="no", **signer), "401: Invalid Cred")
    stub.faults = [None, ("answer", 200, b'{"signedBlob":"%"}')]
    refused(gcs(stub, ["upload", path], credentials_file=None, access_token="mine", **signer), "signature")
    refused(gcs(stub, ["urls"], credentials_file=None, access_token="mine"), "VGI_ENOTFOUND")


def test_gcs_emulator(stub):
    """It gets no tokens, and its URLs have no signatures: nothing to sign with."""
    path, data = payload(100)
    stub.faults = [("answer", 200, b"{}")]
    env = {"STORAGE_EMULATOR_HOST": stub.url.partition("://")[2]}
    (url,) = ok(gcs(stub, ["upload", path], endpoint=None, credentials_file=None, env=env))
    assert url.startswith(f"{stub.url}/{stub.bucket}/vgi-rpc/") and "?" not in url
    assert "Authorization" not in stub.requests[-1][2]


def test_gcs_environment(stub):
    env = {"GOOGLE_APPLICATION_CREDENTIALS": str(WORK / "account.json")}
    ok(gcs(stub, ["upload", payload(10)[0]]))
    ok(gcs(stub, ["upload", payload(10)[0]], credentials_file=None, env=env))
    (WORK / "no.json").write_text('{"type":"authorized_user"}')
    refused(gcs(stub, ["urls"], credentials_file=WORK / "no.json"), "VGI_EINVAL", "authorized_user")
    refused(gcs(stub, ["urls"], credentials_file=WORK / "absent"), "VGI_ENOTFOUND")


def test_gcs_retries(stub):
    stub.tokens.add("mine")
    retries(stub, lambda *a, **k: gcs(stub, *a, **{"access_token": "mine", **k}))


def test_gcs_slow(stub):
    stub.tokens.add("mine")
    bounded(stub, lambda *a, **k: gcs(stub, *a, **{"access_token": "mine", **k}))


def run(test):
    with Stub(dict(ACCOUNT)) as stub:
        stub.account["token_uri"] = f"{stub.url}/token"
        test(stub)


if __name__ == "__main__":
    sys.exit(run_all({name: value for name, value in globals().items() if name.startswith("test_")}, run))
