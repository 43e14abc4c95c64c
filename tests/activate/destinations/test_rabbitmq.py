"""The rabbitmq destination against a node."""

import gc
import time

import pytest
from servers.given import event, opened
from servers.process import LOCAL, free_ports
from servers.rabbit import rabbit
from servers.wire import wire_to

from journeyfold.activate.destinations.rabbitmq import RabbitMq

# pika leaves the sockets of a connection that failed to the garbage
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def swept():
    """What a test leaves behind is not told in another's name."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def port():
    with rabbit() as port:
        yield port


def url(port, user="guest"):
    return f"amqp://{user}:${{env:PASSWORD}}@{LOCAL}:{port}/%2F"


def connection(port):
    import pika

    return pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@{LOCAL}:{port}/%2F"))


@pytest.fixture
def queue(port, request):
    name = request.node.name
    wire = connection(port)
    wire.channel().queue_declare(name, durable=True)
    yield name
    wire.channel().queue_delete(name)
    wire.close()


def read(port, queue, count):
    wire = connection(port)
    channel, found = wire.channel(), []
    until_s = time.monotonic() + 20
    while len(found) < count and time.monotonic() < until_s:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            found.append((properties, body))
    assert channel.basic_get(queue)[0] is None
    wire.close()
    return found


def test_each_parcel_is_a_persistent_message_with_the_effects_id(port, queue):
    destined = RabbitMq(url=url(port), routing_key=queue)
    with opened(destined, PASSWORD="guest") as destination:
        outcomes = destination.deliver([event("e1", total=89.0), event("e2")])
    assert [each.status for each in outcomes] == ["sent", "sent"]
    (first, second) = read(port, queue, 2)
    properties, body = first
    assert (properties.message_id, properties.delivery_mode) == ("e1", 2)
    assert (properties.type, properties.timestamp) == ("event", 1_790_000_000)
    assert properties.headers == {"person": "p_ann"}
    assert body == b'{"total":89.0}'
    assert second[0].message_id == "e2"


def test_a_field_may_be_the_routing_key(port, queue):
    with opened(RabbitMq(url=url(port), key="to"), PASSWORD="guest") as destination:
        (outcome,) = destination.deliver([event("e1", to=queue)])
    assert outcome.status == "sent"
    assert len(read(port, queue, 1)) == 1


def test_what_no_queue_takes_is_dead_and_the_others_go(port, queue):
    destined = RabbitMq(url=url(port), key="to")
    with opened(destined, PASSWORD="guest") as destination:
        lost, found = destination.deliver([event("e1", to="nowhere"), event("e2", to=queue)])
    assert (lost.status, lost.reason) == ("dead", "no queue takes 'nowhere'")
    assert found.status == "sent"


def test_a_queue_that_is_full_is_tried_again(port):
    wire = connection(port)
    wire.channel().queue_declare(
        "full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
    )
    destined = RabbitMq(url=url(port), routing_key="full")
    with opened(destined, PASSWORD="guest") as destination:
        outcomes = destination.deliver([event(f"e{number}") for number in range(4)])
    wire.channel().queue_delete("full")
    wire.close()
    assert outcomes[0].status == "sent"
    assert outcomes[-1].status == "retry"


def test_an_exchange_that_is_not_there_pauses_the_destination(port):
    destined = RabbitMq(url=url(port), exchange="no-such", routing_key="x")
    with opened(destined, PASSWORD="guest") as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "paused"
    assert "no exchange 'no-such'" in outcome.reason


def test_a_wrong_password_pauses_the_destination(port):
    with opened(RabbitMq(url=url(port), routing_key="x"), PASSWORD="wrong") as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "paused"


def test_a_secret_is_the_password_of_the_user_in_the_address(port, queue):
    destined = RabbitMq(
        url=f"amqp://guest@{LOCAL}:{port}/%2F", routing_key=queue, secret="${env:PASSWORD}"
    )
    with opened(destined, PASSWORD="guest") as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "sent"


def test_a_connection_that_was_cut_while_idle_is_opened_anew(port, queue):
    with wire_to(port) as wire:
        destined = RabbitMq(url=url(wire.port), routing_key=queue)
        with opened(destined, PASSWORD="guest") as destination:
            destination.deliver([event("e1")])
            wire.cut()
            time.sleep(0.2)
            (outcome,) = destination.deliver([event("e2")])
    assert outcome.status == "sent"
    assert len(read(port, queue, 2)) == 2


def test_of_a_broker_that_falls_silent_nobody_knows_what_it_took(port, queue, monkeypatch):
    monkeypatch.setattr("journeyfold.activate.destinations.rabbitmq.HEARTBEAT_S", 1)
    with wire_to(port) as wire:
        destined = RabbitMq(url=url(wire.port), routing_key=queue)
        with opened(destined, PASSWORD="guest") as destination:
            destination.deliver([event("e1")])
            wire.mute()
            (outcome,) = destination.deliver([event("e2")])
    assert outcome.status == "unknown"
    came = [properties.message_id for properties, _ in read(port, queue, 2)]
    assert came == ["e1", "e2"]  # it had taken it, and nobody heard


def test_a_broker_that_is_gone_is_tried_again():
    (nobody,) = free_ports(1)
    with opened(RabbitMq(url=url(nobody), routing_key="x"), PASSWORD="guest") as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert (outcome.status, outcome.is_unreached) == ("retry", True)
