"""An object store that speaks S3 for a test session, in this process."""

import logging
from contextlib import contextmanager

from servers.process import LOCAL, free_ports


@contextmanager
def object_store():
    """Yields its address; any key and secret will do."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    (port,) = free_ports(1)
    server = ThreadedMotoServer(ip_address=LOCAL, port=port, verbose=False)
    server.start()
    try:
        yield f"http://{LOCAL}:{port}"
    finally:
        server.stop()
