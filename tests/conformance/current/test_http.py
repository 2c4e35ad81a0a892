# SPDX-License-Identifier: Apache-2.0
"""Unary calls in the current URL shape, /PROTOCOL/METHOD, by requests made by hand."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pytest
import zstandard
from worker import http_server

pytestmark = pytest.mark.timeout(20)

ARROW = "application/vnd.apache.arrow.stream"
SERVICE, VERSION = "ConformanceService", "2.0.0"
NUMBER = pa.schema([pa.field("value", pa.int64(), nullable=False)])
MESSAGE = pa.schema([pa.field("message", pa.utf8(), nullable=False)])


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    batches: list[tuple[pa.RecordBatch, dict[str, str]]] = field(default_factory=list)

    def value(self) -> object:
        assert self.status == 200 and self.headers["X-VGI-RPC-Error"] is None
        return self.batches[-1][0].to_pylist()[0]["result"]

    def error(self) -> tuple[str, str]:
        """Type and message of the exception that the answer carries."""
        assert self.headers["Content-Type"] == ARROW
        metadata = self.batches[-1][1]
        assert metadata["vgi_rpc.log_level"] == "EXCEPTION"
        return json.loads(metadata["vgi_rpc.log_extra"])["exception_type"], metadata["vgi_rpc.log_message"]


def _request(method: str, schema: pa.Schema, row: dict[str, object], **metadata: str) -> bytes:
    keys = {"method": method, "request_version": "1", "protocol_version": VERSION} | metadata
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        batch = pa.RecordBatch.from_pylist([row], schema)
        writer.write_batch(batch, custom_metadata={f"vgi_rpc.{key}": value for key, value in keys.items()})
    return sink.getvalue().to_pybytes()


def _batches(body: bytes) -> Iterator[tuple[pa.RecordBatch, dict[str, str]]]:
    with pa.ipc.open_stream(body) as reader:
        for batch in reader.iter_batches_with_custom_metadata():
            metadata = batch.custom_metadata or {}
            yield batch.batch, {key.decode(): value.decode() for key, value in metadata.items()}


@pytest.fixture(scope="session")
def http_port() -> Iterator[int]:
    with http_server() as port:
        yield port


@pytest.fixture
def send(http_port: int) -> Iterator:
    connection = http.client.HTTPConnection("127.0.0.1", http_port, timeout=10)

    def _send(path: str, body: bytes | None = None, verb: str = "POST", **headers: str) -> Answer:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(verb, path, body, {"Content-Type": ARROW} | names)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if answer.headers["Content-Type"] == ARROW and not answer.headers["Content-Encoding"]:
            answer.batches = list(_batches(answer.body))
        return answer

    yield _send
    connection.close()


def test_call(send) -> None:
    assert send(f"/{SERVICE}/echo_int", _request("echo_int", NUMBER, {"value": 42})).value() == 42


def test_call_that_names_its_protocol(send) -> None:
    body = _request("echo_int", NUMBER, {"value": -1}, protocol=SERVICE)
    answer = send(f"/{SERVICE}/echo_int", body, X_Request_ID="mine-7")
    assert answer.value() == -1
    assert answer.headers["X-Request-ID"] == "mine-7"


def test_calls_on_one_connection(send) -> None:
    for value in range(50):
        assert send(f"/{SERVICE}/echo_int", _request("echo_int", NUMBER, {"value": value})).value() == value


@pytest.mark.parametrize("metadata", [{"protocol": "Another"}, {"protocol_version": "3.0.0"}, {"protocol_version": ""}])
def test_another_protocol_or_version(send, metadata: dict[str, str]) -> None:
    answer = send(f"/{SERVICE}/echo_int", _request("echo_int", NUMBER, {"value": 1}, **metadata))
    assert answer.status == 400
    assert answer.error()[0].startswith("Protocol")


def test_unknown_protocol(send) -> None:
    answer = send("/Nobody/echo_int", _request("echo_int", NUMBER, {"value": 1}))
    assert answer.status == 404
    assert answer.error()[0] == "ProtocolNotSupportedError"


@pytest.mark.parametrize("content_type", [ARROW, "text/plain"])
def test_unknown_method_comes_before_the_content_type(send, content_type: str) -> None:
    body = _request("no_such_method", NUMBER, {"value": 1})
    answer = send(f"/{SERVICE}/no_such_method", body, Content_Type=content_type)
    assert answer.status == 404
    assert answer.error()[0] == "MethodNotImplementedError"


def test_content_type(send) -> None:
    body = _request("echo_int", NUMBER, {"value": 1})
    assert send(f"/{SERVICE}/echo_int", body, Content_Type="text/plain").status == 415


def test_another_method_than_the_path(send) -> None:
    answer = send(f"/{SERVICE}/echo_int", _request("echo_float", NUMBER, {"value": 1}))
    assert answer.status == 400
    assert answer.error()[0] == "TypeError"


def test_a_stream_is_no_call(send) -> None:
    schema = pa.schema([pa.field("count", pa.int64(), nullable=False)])
    answer = send(f"/{SERVICE}/produce_n", _request("produce_n", schema, {"count": 1}))
    assert answer.status == 400
    assert answer.error()[0] == "TypeError"


def test_parameters_have_to_be_exact(send) -> None:
    loose = pa.schema([pa.field("value", pa.int64(), nullable=True)])
    body = _request("echo_int", loose, {"value": 1})
    assert send(f"/{SERVICE}/echo_int", body).status == 400
    assert send("/echo_int", body).value() == 1  # the other shape never minded


@pytest.mark.parametrize(
    ("method", "exception"),
    [
        ("raise_value_error", "ValueError"),
        ("raise_type_error", "TypeError"),
        ("raise_runtime_error", "RuntimeError"),
    ],
)
def test_exceptions_of_methods(send, method: str, exception: str) -> None:
    answer = send(f"/{SERVICE}/{method}", _request(method, MESSAGE, {"message": "as told"}))
    assert answer.status == 200
    assert answer.headers["X-VGI-RPC-Error"] == "true"
    assert answer.error() == (exception, f"{exception}: as told")


@pytest.mark.parametrize(("path", "status"), [(f"/{SERVICE}/echo_int", 405), ("/Nobody/echo_int", 404)])
def test_get(send, path: str, status: int) -> None:
    answer = send(path, verb="GET")
    assert answer.status == status
    assert json.loads(answer.body)["title"].startswith(str(status))
    if status == 405:
        assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff\xff\xff\xff\x00\x00\x00\x00"])
def test_bodies_that_are_none(send, body: bytes) -> None:
    answer = send(f"/{SERVICE}/echo_int", body)
    assert answer.status == 400
    answer.error()


def test_codings(send) -> None:
    schema = pa.schema([pa.field("value", pa.utf8(), nullable=False)])
    text = "again and " * 1000
    body = _request("echo_string", schema, {"value": text})
    pack = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}
    unpack = {"gzip": gzip.decompress, "zstd": lambda b: zstandard.ZstdDecompressor().decompress(b, 1 << 20)}
    for sent in pack:
        for wanted in unpack:
            answer = send(
                f"/{SERVICE}/echo_string", pack[sent](body), Content_Encoding=sent, Accept_Encoding=f"{wanted}, identity"
            )
            assert answer.status == 200
            assert answer.headers["Content-Encoding"] == wanted
            assert len(answer.body) < 2000
            (batch, _), *_ = _batches(unpack[wanted](answer.body))
            assert batch.to_pylist()[0]["result"] == text


def test_a_coding_that_nobody_knows(send) -> None:
    body = _request("echo_int", NUMBER, {"value": 1})
    assert send(f"/{SERVICE}/echo_int", body, Content_Encoding="br").status == 415
