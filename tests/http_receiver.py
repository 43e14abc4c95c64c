"""A real HTTP server on 127.0.0.1 that keeps what it was sent and answers as it is told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers(request)` gives (status, value or bytes) or (status, value, headers)."""

    url: str
    answers: object = None
    requests: list = field(default_factory=list)
    connections: int = 0

    @property
    def port(self):
        return urlsplit(self.url).port

    @property
    def only(self):
        (request,) = self.requests
        return request

    def reply(self, request):
        self.requests.append(request)
        found = self.answers(request) if self.answers else (200, {})
        status, value, headers = (*found, {})[:3]
        if not isinstance(value, bytes):
            value = json.dumps(value).encode()
            headers = {"content-type": "application/json", **headers}
        return status, value, headers


@contextmanager
def receiving(answers=None, context=None):
    server = _Server(("127.0.0.1", 0), _Talk)
    scheme = "https" if context else "http"
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_port}", answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """A client that goes away is part of the tests."""


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        super().setup()
        self.server.receiver.connections += 1

    def _any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        status, value, headers = self.server.receiver.reply(request)
        self.send_response(status)
        for name, each in headers.items():
            self.send_header(name, each)
        self.send_header("content-length", str(len(value)))
        self.end_headers()
        self.wfile.write(value)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, *parts):
        pass
