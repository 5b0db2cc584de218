"""Whatever goes wrong on the way to the judge is an error with its cause, never a score."""

from __future__ import annotations

import gzip
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import repeat
from typing import Any, get_args

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.endpoint import _retry_after
from rft_grader_judge.testing import Fault, Reply, Request, ScriptedServer, verdict_json

from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import GradeError

OK = verdict_json(reasoning="It is so.", verdict=5)
QUICK: dict[str, Any] = {"deadline": 5.0, "request_timeout": 0.3, "max_retries": 0}
SAMPLE = make_sample("The answer is 42.")
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def judge(base_url: str, **options: Any) -> JudgeGrader:
    endpoint = {"base_url": base_url, **QUICK, **options.pop("endpoint", {})}
    config = {"model": "m", "instructions": "Is it right?", "verdict": {"mode": "score"}}
    return make_grader(JudgeGrader, **{**config, "cache": None, **options}, endpoint=endpoint)


def error_of(base_url: str, **options: Any) -> GradeError:
    grade = grade_one(judge(base_url, **options), SAMPLE)
    assert (grade.score, grade.metrics) == (None, {})
    assert grade.error is not None
    return grade.error


def error_after(reply: Reply, **options: Any) -> GradeError:
    with ScriptedServer(reply) as server:
        error = error_of(server.base_url, **options)
        assert len(server.requests) == 1 + options.get("endpoint", {}).get("max_retries", 0)
    return error


@contextmanager
def raw_server(pieces: Iterable[bytes], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer whatever is sent with some bytes, as long as the client listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(OSError), plain:
                    wire = context.wrap_socket(plain, server_side=True) if context else plain
                    wire.recv(65536)
                    for piece in pieces:
                        wire.sendall(piece)
                    wire.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return a server's TLS context with a certificate that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = (str(tmp_path_factory.mktemp("tls") / name) for name in ("key", "cert"))
    subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", *subject]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_a_judge_that_is_down() -> None:
    with ScriptedServer(Reply(OK)) as server:
        url = server.base_url
    error = error_of(url)
    assert "Cannot connect to host" in error.message
    assert "Connect call failed" in error.message
    assert url in error.message


def test_a_host_that_does_not_exist() -> None:
    assert "no-such-host.invalid" in error_of("http://no-such-host.invalid/v1").message


def test_tls_to_a_plain_port() -> None:
    with raw_server([b"HTTP/1.1 400 Bad Request\r\n\r\n"]) as address:
        assert "ssl" in error_of(f"https://{address}").message.lower()


def test_a_plain_request_to_a_tls_port(self_signed: ssl.SSLContext) -> None:
    with raw_server([], self_signed) as address:
        assert "EndpointError" in error_of(f"http://{address}").message


def test_a_certificate_that_nobody_trusts(self_signed: ssl.SSLContext) -> None:
    with raw_server([], self_signed) as address:
        assert "certificate" in error_of(f"https://{address}").message.lower()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418, 422, 429, 500, 502, 503, 529])
def test_error_statuses(status: int, stream: bool) -> None:
    error = error_after(Reply("too much of it", status=status), stream=stream)
    assert f"EndpointError: HTTP {status}: too much of it (http://127.0.0.1" in error.message


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "HTTP 500: Internal Server Error"),
        (b"<h1>no</h1>" * 1000, "HTTP 500: <h1>no</h1>"),
        (b'{"error": "text"}', "HTTP 500: text"),
        (b'{"error": {"message": 7}}', "HTTP 500:"),
        (b'{"error": {"message": ""}}', "HTTP 500:"),
        (b'["a"]', 'HTTP 500: ["a"]'),
        (b"null", "HTTP 500: null"),
        (b"\xff\xfe\x00", "HTTP 500:"),
        (b"{" * 100_000, "HTTP 500: {{{"),
    ],
)
def test_bodies_of_errors_are_told_in_short(raw: bytes, told: str) -> None:
    error = error_after(Reply(status=500, raw=raw))
    assert told in error.message
    assert len(error.message) < 700


@pytest.mark.parametrize("charset", ["zlib_codec", "hex", "rot13", "utf-7", "idna", "undefined"])
def test_a_server_cannot_choose_the_codec(charset: str) -> None:
    raw = zlib.compress(bytes(5_000_000))
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    assert "HTTP 400" in error_after(Reply(status=400, raw=raw, headers=headers)).message
    with ScriptedServer(Reply(OK, headers=headers)) as server:
        assert grade_one(judge(server.base_url), SAMPLE).score == 0.5


@pytest.mark.parametrize(
    "location", ["elsewhere", "http://[::1", "//", "\xff", "file:///etc/passwd"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, location: str) -> None:
    with ScriptedServer(Reply(OK)) as other:
        location = other.base_url if location == "elsewhere" else location
        error = error_after(Reply(status=status, headers={"Location": location}, raw=b""))
        assert other.connections == 0
    assert "EndpointError" in error.message


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", get_args(Fault))
def test_faults(fault: Fault, stream: bool) -> None:
    if fault == "stream_without_end" and not stream:
        pytest.skip("a fault of streams")
    error = error_after(Reply(OK, fault=fault), stream=stream)
    late = fault in {"hang", "slow_drip"}
    assert ("did not answer within 0.3 s" if late else "EndpointError: ") in error.message


DELTA = b'data: {"choices": [{"delta": {"content": "%b"}}]}\n\n'


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


@pytest.mark.parametrize("status", [200, 500])
def test_a_reply_without_end_takes_little_memory(status: int) -> None:
    head = b"HTTP/1.1 %d OK\r\nContent-Length: 1000000000\r\n\r\n" % status
    before = peak_megabytes()
    with raw_server([head, *repeat(b" " * 1_000_000, 100)]) as address:
        error = error_of(f"http://{address}", endpoint={"request_timeout": 10.0})
    assert "longer than 4000000 bytes" in error.message
    assert peak_megabytes() - before < 60


def test_a_stream_without_end_is_broken_off() -> None:
    event = DELTA % (b"a" * 500)
    chunk = b"%x\r\n%b\r\n" % (len(event), event)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw_server([head, *repeat(chunk * 1000, 20)]) as address:
        error = error_of(f"http://{address}", stream=True, endpoint={"request_timeout": 10.0})
    assert "longer than 4000000 bytes" in error.message


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"])
@pytest.mark.parametrize("status", [200, 500])
def test_compressed_replies_are_not_unpacked(encoding: str, status: int) -> None:
    bomb = gzip.compress(bytes(1_000_000), compresslevel=1) * 100
    before = peak_megabytes()
    error = error_after(Reply(status=status, raw=bomb, headers={"Content-Encoding": encoding}))
    assert "compressed" in error.message
    assert peak_megabytes() - before < 60


def test_replies_may_say_that_they_are_not_compressed() -> None:
    with ScriptedServer(Reply(OK, headers={"Content-Encoding": "Identity"})) as server:
        assert grade_one(judge(server.base_url), SAMPLE).score == 0.5
        assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\n", *repeat(b"X-A: b\r\n" * 1000, 1000)],
        [b"HTTP/1.1 200 OK\r\nX-A: ", *repeat(b"b" * 10_000, 1000)],
        [b"HTTP/1.1 ", *repeat(b"2" * 10_000, 1000)],
        [*repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 100)],
        [JSON_HEAD + b"Content-Length: abc\r\n\r\n{}"],
        [JSON_HEAD + b"Content-Length: -1\r\n\r\n{}"],
        [JSON_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
        [JSON_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"],
        [JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"],
        [JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n"],
        [b"HTTP/1.1 200 \xff\xff\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n\xff\x00: \xff\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 99999 What\r\n\r\n"],
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"],
        [b"HTTP/1.1 204 No Content\r\n\r\n"],
        [b"HTTP/1.1 304 Not Modified\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nSet-Cookie: \x01\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/9.9 200 OK\r\n\r\n"],
        [bytes(range(256)) * 100],
        [b"\r\n" * 100_000],
        [],
    ],
)
def test_nonsense_instead_of_http(pieces: list[bytes]) -> None:
    with raw_server(pieces) as address:
        error = error_of(f"http://{address}")
    assert "EndpointError: " in error.message or "did not answer" in error.message
    assert len(error.message) < 1000


@pytest.mark.parametrize("stream", [False, True])
def test_one_failure_spoils_no_other_sample(stream: bool) -> None:
    faults: list[Fault | None] = ["close", "garbage", None, "truncate", "hang", "not_http", None]

    def script(request: Request) -> Reply:
        number = int(request.text.rpartition("Number ")[2].split(".")[0])
        return Reply(OK, fault=faults[number])

    with ScriptedServer(script) as server:
        samples = [make_sample(f"Number {number}.") for number in range(len(faults))]
        grades = grade_all(judge(server.base_url, stream=stream), samples)
    assert [grade.score for grade in grades] == [0.5 if fault is None else None for fault in faults]


def test_retry_after_may_be_anything() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < (_retry_after(soon) or 0) < 101
    assert _retry_after("7.5") == 7.5
    assert _retry_after("1e9") == 1e9
    assert _retry_after("-5") == 0.0
    assert _retry_after("nan") == 0.0
    assert _retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    for odd in ("", "soon", "\x00", "1 Jan 99999 00:00", "1 Jan 1 00:00 +9999999", "1:" * 5000):
        assert not _retry_after(odd)


class Unreadable(dict[str, Any]):
    """A value of a row that fails when it is looked at."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("the row is broken")

    keys = items = __len__ = __iter__  # type: ignore[assignment]


@pytest.mark.parametrize("mode", ["score", "relative"])
def test_a_row_that_cannot_be_read_fails_alone_and_says_why(mode: str) -> None:
    rows = [{"note": "fine"}, {"note": Unreadable({"a": 1})}]
    samples = [
        make_sample(f"It is {n}.", item_id=str(item), **row)
        for item, row in enumerate(rows)
        for n in range(2)
    ]
    verdict = 5 if mode == "score" else {"place_1": "A", "place_2": "B"}
    with ScriptedServer(Reply(verdict_json(reasoning="So.", verdict=verdict))) as server:
        config = {"instructions": "{{ item.note }}", "verdict": {"mode": mode}}
        grades = grade_all(judge(server.base_url, **config), samples)
        assert len(server.requests) == (2 if mode == "score" else 1), "nothing is asked twice"
    assert [grade.outcome for grade in grades] == ["graded"] * 2 + ["error"] * 2
    assert all("the row is broken" in str(grade.error) for grade in grades[2:])
