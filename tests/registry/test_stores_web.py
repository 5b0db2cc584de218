"""Stores on web servers: real servers on this machine, some of them hostile."""

from __future__ import annotations

import base64
import gzip
import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from store_kit import document

from grader_registry.errors import DocumentError, IntegrityError, StoreError
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.store import WritableStore
from grader_registry.stores.web import WebStore

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]
Serve = Callable[[Answer], str]


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    """A store in a folder, which a web server may serve."""
    store = FolderStore.create(tmp_path / "store", "folder")
    store.publish(document(), b"signed")
    store.publish(document(version="1.1.0"))
    return store


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer as they are told; returns the address of each."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(answer: Answer, tls: ssl.SSLContext | None = None) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *args: Any) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.socket.close()


def files(root: Path) -> Answer:
    """Answer with the files of a folder."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        path = root / request.path.lstrip("/")
        if path.is_file():
            say(request, path.read_bytes())
        else:
            request.send_error(404)

    return answer


def say(
    request: http.server.BaseHTTPRequestHandler, body: bytes, code: int = 200, **headers: str
) -> None:
    request.send_response(code)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def test_what_a_folder_has_can_be_read_from_a_server(folder: FolderStore, serve: Serve) -> None:
    url = serve(files(folder.path))
    for address in (url, url[:-1]):
        store = WebStore(address)
        assert store.address == address
        assert not isinstance(store, WritableStore)
        assert store.entries() == folder.entries()
        low, high = store.versions("legal/f1")
        assert store.versions("other/one") == ()
        assert store.read(low) == document()
        assert store.signature(low) == b"signed"
        assert store.signature(high) is None
        assert store.problems() == ()


def test_the_index_is_fetched_once(folder: FolderStore, serve: Serve) -> None:
    asked: list[str] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        assert request.headers["Accept-Encoding"] == "identity"
        files(folder.path)(request)

    store = WebStore(serve(answer))
    assert asked == []
    for _ in range(3):
        store.entries()
        store.versions("legal/f1")
    assert asked == ["/index.json"]


def test_a_document_that_is_not_the_indexs(folder: FolderStore, serve: Serve) -> None:
    store = WebStore(serve(files(folder.path)))
    low, high = store.versions("legal/f1")
    place = folder.path / "legal/f1/1.0.0.json"
    place.write_bytes(document(notes="changed").data)
    with pytest.raises(IntegrityError, match=r"legal/f1@1\.0\.0 is not what the index says"):
        store.read(low)
    place.unlink()
    with pytest.raises(IntegrityError, match="the server has no such file"):
        store.read(low)
    other = document("other/name")
    (folder.path / "index.json").write_text(
        (folder.path / "index.json").read_text().replace(high.digest, other.digest)
    )
    (folder.path / "legal/f1/1.1.0.json").write_bytes(other.data)
    store = WebStore(store.address)
    with pytest.raises(IntegrityError, match=r"the document is other/name@1\.0\.0"):
        store.read(store.versions("legal/f1")[1])


def test_what_is_no_document(folder: FolderStore, serve: Serve) -> None:
    data = b'{"format": "rft-spec/1"}'
    (folder.path / "legal/f1/1.0.0.json").write_bytes(data)
    import hashlib

    index = folder.path / "index.json"
    claimed = f"sha256:{hashlib.sha256(data).hexdigest()}"
    index.write_text(index.read_text().replace(document().digest, claimed))
    store = WebStore(serve(files(folder.path)))
    with pytest.raises(DocumentError, match="not in canonical form"):
        store.read(store.versions("legal/f1")[0])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.org/store", "http is for this machine alone"),
        ("http://127.0.0.1.example.org/", "http is for this machine alone"),
        ("http://0.0.0.0/", "http is for this machine alone"),
        ("file:///etc/", "no address of a web server"),
        ("ftp://example.org/", "'ftp' is neither http nor https"),
        ("https:///x", "no address of a web server"),
        ("https://example.org:port/", "no address of a web server"),
        ("https://example.org/x?y=1", r"has no \? and no #"),
        ("https://example.org/\r\nX: y", "no address of a web server"),
        ("https://exämple.org/", "no address of a web server"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        WebStore(url)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("file:///etc/passwd", "is not allowed"),
        ("ftp://127.0.0.1/x", "'ftp' is neither http nor https"),
        ("http://example.org/index.json", "http is for this machine alone"),
        ("https://127.0.0.1:1/x", "redirects from http to https"),
        ("data:,x", "302|no address of a web server"),
        ("/loop", "redirect"),
    ],
)
def test_redirects_that_are_refused(serve: Serve, target: str, message: str) -> None:
    url = serve(lambda request: say(request, b"", 302, Location=target))
    with pytest.raises(StoreError, match=message):
        WebStore(url, seconds=10).entries()


def test_a_redirect_on_the_same_scheme_tells_no_password(folder: FolderStore, serve: Serve) -> None:
    told: list[str | None] = []

    def target(request: http.server.BaseHTTPRequestHandler) -> None:
        told.append(request.headers["Authorization"])
        files(folder.path)(request)

    elsewhere = serve(target)

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        told.append(request.headers["Authorization"])
        say(request, b"", 302, Location=f"{elsewhere}{request.path[1:]}")

    url = serve(answer).replace("http://", "http://me:p%40ss@")
    store = WebStore(url)
    assert "me" not in store.address
    assert "p%40ss" not in store.address
    assert set(store.entries()) == {"legal/f1"}
    expected = "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert told == [expected, None]


def test_an_endless_redirect_body_is_not_read(folder: FolderStore, serve: Serve) -> None:
    good = serve(files(folder.path))

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", f"{good}index.json")
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    assert set(WebStore(serve(answer), seconds=20).entries()) == {"legal/f1"}


def drip(request: http.server.BaseHTTPRequestHandler, data: bytes) -> None:
    for one in range(10_000):
        request.wfile.write(data[one % len(data) :][:1])
        request.wfile.flush()
        time.sleep(0.05)


def drip_body(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    drip(request, b" ")


def drip_headers(request: http.server.BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(request, b"y")


def say_nothing(request: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(30)


def continue_forever(request: http.server.BaseHTTPRequestHandler) -> None:
    while True:
        request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


@pytest.mark.parametrize("answer", [drip_body, drip_headers, say_nothing, continue_forever])
def test_a_server_that_is_slow_on_purpose_does_not_hang_anybody(
    serve: Serve, answer: Answer
) -> None:
    begin = time.monotonic()
    with pytest.raises(StoreError, match=r"did not answer within 0\.7 s"):
        WebStore(serve(answer), seconds=0.7).entries()
    assert time.monotonic() - begin < 20  # without the deadline it takes minutes


def endless(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" " * 65536)


def announce_much(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "999999999999")
    request.end_headers()
    time.sleep(5)


@pytest.mark.parametrize("answer", [endless, announce_much])
def test_no_more_is_read_than_a_file_may_have(serve: Serve, answer: Answer) -> None:
    with pytest.raises(StoreError, match="more than 50000000 bytes"):
        WebStore(serve(answer)).entries()


def broken_off(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b'{"index": 1, "specs": {}}')


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda r: say(r, b"", 404), "there is no index"),
        (lambda r: say(r, b"", 401), "answers 401(.|\n)*needs a user and a password"),
        (lambda r: say(r, b"", 500), "answers 500"),
        (lambda r: say(r, gzip.compress(b"{}"), Content_Encoding="gzip"), "compressed: 'gzip'"),
        (lambda r: r.wfile.write(b"SSH-2.0-OpenSSH\r\n"), "answer cannot be read"),
        (lambda r: r.wfile.write(b"HTTP/1.1 200 \x1b[2J\r\n\r\n{"), "no index of a store"),
        (lambda r: r.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000), "cannot be read"),
        (lambda r: r.connection.close(), "cannot be re"),
        (broken_off, "broke off before its end"),
        (lambda r: say(r, b"<html>"), "no index of a store"),
    ],
)
def test_other_answers(serve: Serve, answer: Answer, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        WebStore(serve(answer)).entries()
    assert "\x1b" not in str(caught.value)
    assert "index.json" in str(caught.value)


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StoreError, match="cannot be reached: Connection refused"):
        WebStore(f"http://127.0.0.1:{port}/").entries()


def test_certificates(folder: FolderStore, serve: Any, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
         certificate], check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    url = serve(files(folder.path), tls)
    with pytest.raises(StoreError, match="certificate is not trusted: self-signed"):
        WebStore(url).entries()
    trusting = ssl.create_default_context(cafile=str(certificate))
    assert set(WebStore(url, tls=trusting).entries()) == {"legal/f1"}
    down = serve(lambda r: say(r, b"", 302, Location="http://127.0.0.1:1/index.json"), tls)
    with pytest.raises(StoreError, match="redirects from https to http"):
        WebStore(down, tls=trusting).entries()
    plain = serve(files(folder.path)).replace("http://", "https://")
    with pytest.raises(StoreError, match="no secure connection"):
        WebStore(plain).entries()


def test_a_handshake_that_never_ends(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(StoreError, match="did not answer within"):
            WebStore(url, seconds=0.5).entries()
