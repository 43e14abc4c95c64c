"""Apache Kafka for a test session: one node in KRaft mode, jars from Maven Central in a cache."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers.process import LOCAL, directory_for, free_ports, listens, needed, running

POM = Path(__file__).parent / "kafka" / "pom.xml"
PASSWORD = "p4ssw0rd"
CLUSTER = "bEvQJwSKRV-oFBA3TLYqNg"


def _jars(mvn):
    """Fetched once a machine; `JOURNEYFOLD_CACHE` moves the cache."""
    home = Path(os.environ.get("JOURNEYFOLD_CACHE", Path.home() / ".cache" / "journeyfold"))
    version = next(
        line.strip().removeprefix("<version>").removesuffix("</version>")
        for line in reversed(POM.read_text().splitlines())
        if "<version>" in line
    )
    jars = home / f"kafka-{_digest()}"
    if not (jars / "complete").exists():
        jars.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            [mvn, "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"],
            check=False, capture_output=True, timeout=280,
        )  # fmt: skip
        if fetched.returncode:
            pytest.fail(f"Maven Central gave no broker: {fetched.stdout.decode()[-1500:]}")
        (jars / "complete").write_text(version)
    return f"{jars}/*"


def _digest():
    from hashlib import sha256

    return sha256(POM.read_bytes()).hexdigest()[:12]


@contextmanager
def kafka():
    """Yields (port, port for SASL): there `shop` signs in by PLAIN with `PASSWORD`."""
    java, mvn = needed("java", "mvn")
    jars = _jars(mvn)
    port, signed, controller = free_ports(3)
    with directory_for() as home:
        settings = home / "server.properties"
        settings.write_text(_settings(home, port, signed, controller))
        quiet = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars]
        made = subprocess.run(
            [java, *quiet, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", settings],
            check=False, capture_output=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr.decode()[-2000:]
        command = [java, *quiet, "kafka.Kafka", str(settings)]
        with running(command, ready=lambda: listens(port), log=home / "out"):
            yield port, signed


def _settings(home, port, signed, controller):
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{LOCAL}:{controller}
listeners=PLAINTEXT://{LOCAL}:{port},SIGNED://{LOCAL}:{signed},CONTROLLER://{LOCAL}:{controller}
advertised.listeners=PLAINTEXT://{LOCAL}:{port},SIGNED://{LOCAL}:{signed}
inter.broker.listener.name=PLAINTEXT
listener.name.signed.sasl.enabled.mechanisms=PLAIN
listener.name.signed.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_shop="{PASSWORD}";
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SIGNED:SASL_PLAINTEXT
log.dirs={home}/log
num.partitions=3
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=1
num.io.threads=2
"""
