"""What no request gets past: whose page it comes from, under what name, with what token, and how large it is."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "srgan-token"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class TooLarge(Exception):
    """A request has more bytes than may be."""


def wrong(status: int, text: str, **headers: str) -> JSONResponse:
    """The answer to what cannot be done."""
    return JSONResponse({"error": text, "status": status}, status, headers)


class Guard:
    """Lets through to an application what its own page, or a program of the user's, asks.

    Args:
        hosts: names under which the server may be asked, against pages that make their own name point here; None is
            any, which only a token makes safe.
        token: that everybody must know; "" is none.
        most: bytes of a request.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None, token: str = "", most: int) -> None:
        self.app, self.hosts, self.token, self.most = app, hosts, token, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *named]}
            await send(message)

        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, guarded)
        else:
            await self.app(scope, self._counted(receive), guarded)

    def _refusal(self, request: Request) -> Response | None:
        """What is answered to who may not ask, or asks for too much."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if self.hosts is not None and _hostname(host) not in self.hosts:
            return wrong(421, f"this server is not {host!r}; ask for it as {', '.join(sorted(self.hosts))}")
        if origin is not None and _netloc(origin) != host:
            return wrong(403, f"pages of {origin} may not ask here")
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and request.url.path != "/":
            return wrong(403, "pages of other sites may not ask here")
        if self.token and not self._knows(request):
            if request.url.path == "/" and _equal(request.query_params.get("token", ""), self.token):
                welcome = RedirectResponse("/", 303)
                welcome.set_cookie(COOKIE, _kept(self.token), httponly=True, samesite="strict")
                return welcome
            return wrong(401, "open /?token=TOKEN, or send it as Authorization: Bearer TOKEN", **_ASK)
        length = request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return wrong(400, "Content-Length is no number")
        if int(length) > self.most:
            return wrong(413, f"{length} bytes are more than the limit of {self.most}")
        return None

    def _knows(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        in_utf8 = given.encode("latin-1").decode(errors="replace")  # headers come as if they were Latin-1
        cookie = request.cookies.get(COOKIE, "")
        return _equal(given, self.token) or _equal(in_utf8, self.token) or _equal(cookie, _kept(self.token))

    def _counted(self, receive: Receive) -> Receive:
        """The same body, until it is too large, whatever was said of its length."""
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self.most:
                raise TooLarge
            return message

        return counted


_ASK = {"WWW-Authenticate": "Bearer"}


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _kept(token: str) -> str:
    """What a browser keeps of a token: cookies hold ASCII."""
    return hashlib.sha256(token.encode()).hexdigest()


def _netloc(origin: str) -> str:
    """The name and port of the site that a page is of."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _hostname(host: str) -> str:
    """The name without the port; of an IPv6 address without brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
