"""Fetching a file from a web server that nobody knows, by http on this machine or by https."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import ssl
import urllib.error
import urllib.request
from typing import IO, Final, cast
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

from grader_registry.errors import StoreError
from grader_registry.naming import shown
from grader_registry.stores.deadlines import Deadline, handlers

SECONDS: Final = 60.0
"""For a whole response, redirects included."""
_CHUNK: Final = 65_536
_PORTS: Final = {"http": 80, "https": 443}


class Missing(Exception):  # noqa: N818 - no error: a signature need not be there
    """The server says that there is no such file."""


class Fetcher:
    """Fetches files below one address. No file is read beyond its limit, nor beyond the time."""

    def __init__(
        self, url: str, *, seconds: float = SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take the address of a folder, perhaps with a user and a password.

        Raises `StoreError` for one that is not asked by http or https.
        """
        parts = checked(url)
        if parts.query or parts.fragment:
            raise StoreError("the address of a store has no ? and no #", where=without_user(parts))
        self.address = without_user(parts)
        self._base = self.address if self.address.endswith("/") else f"{self.address}/"
        self._is_near = _is_this_machine(parts.hostname or "")
        self._user = None
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._user = f"Basic {base64.b64encode(user.encode()).decode()}"
        self._seconds, self._tls = seconds, tls

    def get(self, path: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes. Raises `Missing` and `StoreError`."""
        where = f"{self._base}{path}"
        try:
            deadline = Deadline(self._seconds)
            opener = urllib.request.OpenerDirector()
            for handler in (
                urllib.request.ProxyHandler({} if self._is_near else None),
                *handlers(deadline, self._tls),
                urllib.request.HTTPDefaultErrorHandler(),
                urllib.request.HTTPErrorProcessor(),
                _Redirects(),
            ):
                opener.add_handler(handler)
            request = urllib.request.Request(where, headers=self._headers())  # noqa: S310 - checked
            with cast("http.client.HTTPResponse", opener.open(request)) as response:
                return _body(response, limit, where)
        except urllib.error.HTTPError as error:
            error.close()
            raise _refused(error, where) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise StoreError(self._why(error), where=where) from None

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": "rft-registry"}
        return headers if self._user is None else {**headers, "Authorization": self._user}

    def _why(self, error: Exception) -> str:
        """Return what failed, in words."""
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, TimeoutError):
            return f"the server did not answer within {self._seconds:g} s"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection: {cause.reason or cause}"
        if isinstance(cause, OSError):
            return f"the server cannot be reached: {cause.strerror or cause}"
        return f"the server's answer cannot be read: {shown(str(cause) or type(cause).__name__)}"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Goes on to where the server points, by the same scheme, and tells no password elsewhere."""

    max_redirections = 5
    max_repeats = 2

    def redirect_request(  # noqa: PLR0917 - as urllib calls it
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        fp.close()  # or its body, of any length, would be read
        before, after = urlsplit(req.full_url), checked(urljoin(req.full_url, newurl))
        if before.scheme != after.scheme:
            raise StoreError(
                f"the server redirects from {before.scheme} to {after.scheme}",
                where=without_user(before),
            )
        new = super().redirect_request(req, fp, code, msg, headers, without_user(after))
        if new is not None and _host(before) != _host(after):
            new.remove_header("Authorization")
        return new


def checked(url: str) -> SplitResult:
    """Split an address. Raises `StoreError` unless it is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise StoreError("no address of a web server") from None
    if not url.isascii() or not url.isprintable() or " " in url or not host:
        raise StoreError("no address of a web server")
    if scheme not in _PORTS:
        raise StoreError(f"{shown(scheme)} is neither http nor https", where=without_user(parts))
    if scheme == "http" and not _is_this_machine(host):
        raise StoreError(
            "http is for this machine alone: anybody on the way could change what comes",
            where=without_user(parts),
            hint="Use https.",
        )
    return parts


def without_user(parts: SplitResult) -> str:
    """Return an address without its user and password."""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _host(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _body(response: http.client.HTTPResponse, limit: int, where: str) -> bytes:
    """Read a response up to its limit. Raises `StoreError`."""
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise StoreError(f"the server sent it compressed: {shown(encoding)}", where=where)
    announced = response.length
    data = bytearray()
    while announced is None or announced <= limit:
        chunk = response.read(min(_CHUNK, limit + 1 - len(data)))
        data += chunk
        if not chunk or len(data) > limit:
            break
    if len(data) > limit or (announced or 0) > limit:
        raise StoreError(f"it has more than {limit} bytes", where=where)
    if announced is not None and len(data) < announced:
        raise StoreError("the server broke off before its end", where=where)
    return bytes(data)


def _refused(error: urllib.error.HTTPError, where: str) -> Exception:
    """Return what an answer that is no success means."""
    if error.code in {404, 410}:
        return Missing(where)
    hint = (
        "The address needs a user and a password, or others." if error.code in {401, 403} else None
    )
    said = shown(str(error.reason or "").strip())[1:-1]
    return StoreError(f"the server answers {error.code} {said}".rstrip(), where=where, hint=hint)
