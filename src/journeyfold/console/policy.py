"""The headers of every console answer (trust SEC-10): nothing foreign, nothing inline, no frame."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
FRAMED = (
    "default-src 'none'; img-src data: https:; style-src 'unsafe-inline'; sandbox; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Of a mail that is looked at: it runs nothing and reaches nothing but pictures (console C3)."""
FRAMING = f"{CONTENT_SECURITY}; frame-src 'self'"
"""Of the page that holds such a frame."""
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_TLS = "max-age=31536000"


class Policy:
    """ASGI middleware: adds the headers to whatever is answered; a mail in a frame and the page
    around it have policies of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = headers.get("Content-Security-Policy", "")
                for name, value in HEADERS.items():
                    headers[name] = value
                if own in {FRAMED, FRAMING}:
                    headers["Content-Security-Policy"] = own
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _TLS
            await send(message)

        await self._app(scope, receive, stamped if scope["type"] == "http" else send)
