"""RabbitMQ for a test session: a node of its own with its own ports, cookie and directory."""

import os
from contextlib import contextmanager

from servers.process import directory_for, free_ports, listens, needed, running

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


@contextmanager
def rabbit():
    """Yields its AMQP port; the user is `guest`."""
    server, epmd, _ = needed(SERVER, "epmd", "erl")
    port, dist, names = free_ports(3)
    with directory_for() as home:
        environment = {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"journeyfold{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "none.env"),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        (home / "plugins").write_text("[].\n")
        log = home / "out"
        names_served = running(
            [epmd], ready=lambda: listens(names), log=home / "epmd", env=environment
        )
        node = running([server], ready=lambda: listens(port), log=log, env=environment, cwd=home)
        with names_served, node:
            yield port
