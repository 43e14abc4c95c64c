"""A wire to a server that a test can cut."""

import selectors
import socket
import threading
from contextlib import contextmanager, suppress

from servers.process import LOCAL


class Wire:
    """Passes bytes on between whoever connects and the server; `cut` ends what is connected, and
    from `mute` on nothing the server says arrives.
    """

    def __init__(self, port):
        self._to, self._pairs, self._is_over = port, [], False
        self._is_mute = False
        self._listener = socket.create_server((LOCAL, 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while not self._is_over:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            pair = (near, socket.create_connection((LOCAL, self._to)))
            self._pairs.append(pair)
            thread = threading.Thread(target=self._pass_on, args=pair, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pass_on(self, near, far):
        with selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select(0.1):
                    try:
                        piece = key.fileobj.recv(65536)
                        if not (self._is_mute and key.fileobj is far):
                            key.data.sendall(piece)
                    except OSError:
                        piece = b""
                    if not piece:
                        near.close()
                        far.close()
                        return

    def mute(self):
        self._is_mute = True

    def cut(self):
        for pair in self._pairs:
            for each in pair:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self):
        self._is_over = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)


@contextmanager
def wire_to(port):
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
