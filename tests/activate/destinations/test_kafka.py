"""The kafka destination against a broker."""

import pytest
from servers.broker import PASSWORD, kafka
from servers.given import event, opened, removal, row
from servers.process import LOCAL, free_ports

from journeyfold.activate.destinations.kafka import Kafka


@pytest.fixture(scope="module")
def broker():
    with kafka() as ports:
        yield ports


@pytest.fixture(scope="module")
def port(broker):
    return broker[0]


@pytest.fixture
def topic(port, request):
    from confluent_kafka.admin import AdminClient, NewTopic

    name = request.node.name[:100].replace("[", "-").rstrip("]")
    admin = AdminClient({"bootstrap.servers": f"{LOCAL}:{port}"})
    for made in admin.create_topics([NewTopic(name, 3, 1)]).values():
        made.result(20)
    return name


def destined(port, topic, **more):
    return Kafka(servers=f"{LOCAL}:{port}", topic=topic, **more)


def read(port, topic, count):
    """(key, value, headers) of what the topic holds, by partition and offset."""
    from confluent_kafka import Consumer

    consumer = Consumer(
        {"bootstrap.servers": f"{LOCAL}:{port}", "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found = []
    while len(found) < count:
        message = consumer.poll(20)
        assert message is not None, f"only {len(found)} of {count} came"
        assert message.error() is None, message.error()
        found.append((message.key(), message.value(), dict(message.headers()), message.timestamp()))
    assert consumer.poll(0.3) is None
    consumer.close()
    return found


def test_each_parcel_is_a_record_with_its_key_its_id_and_its_own_time(port, topic):
    with opened(destined(port, topic)) as destination:
        outcomes = destination.deliver([event("e1", total=89.0), event("e2", total=5)])
    assert [each.status for each in outcomes] == ["sent", "sent"]
    assert outcomes[0].response.startswith(f"{topic}/")
    first, second = sorted(read(port, topic, 2), key=lambda each: each[2]["id"])
    assert first[:2] == (b"p_ann", b'{"total":89.0}')
    assert first[2] == {"id": b"e1", "kind": b"event"}
    assert first[3][1] == 1_790_000_000_000
    assert second[1] == b'{"total":5}'


def test_a_field_may_place_the_record(port, topic):
    with opened(destined(port, topic, key="order")) as destination:
        destination.deliver([event("e1", order="o7"), event("e2", order=7), event("e3")])
    assert sorted(key for key, *_ in read(port, topic, 3)) == [b"7", b"o7", b"p_ann"]


def test_a_removal_is_a_tombstone_under_the_rows_key(port, topic):
    with opened(destined(port, topic)) as destination:
        outcomes = destination.deliver([row("r1", "ann@shop.test", tier="gold")])
        outcomes += destination.deliver([removal("r2", "ann@shop.test")])
    assert [each.status for each in outcomes] == ["sent", "sent"]
    (put, gone) = read(port, topic, 2)
    assert put[0] == gone[0] == b"ann@shop.test"
    assert gone[1] is None


def test_a_record_that_is_too_large_is_dead_and_the_others_go(port, topic):
    with opened(destined(port, topic)) as destination:
        large, small = destination.deliver([event("e1", text="x" * 2_000_000), event("e2")])
    assert (large.status, small.status) == ("dead", "sent")
    assert len(read(port, topic, 1)) == 1


def test_a_topic_that_is_not_there_pauses_the_destination(port):
    with opened(destined(port, "no-such-topic")) as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "paused"
    assert "unknown topic" in outcome.reason.lower()


def test_a_thousand_parcels_of_many_threads_all_arrive_once(port, topic):
    from concurrent.futures import ThreadPoolExecutor

    with opened(destined(port, topic)) as destination, ThreadPoolExecutor(4) as pool:
        calls = [[event(f"e{n}-{i}") for i in range(100)] for n in range(10)]
        outcomes = [each for call in pool.map(destination.deliver, calls) for each in call]
    assert {each.status for each in outcomes} == {"sent"}
    ids = [headers["id"] for _, _, headers, _ in read(port, topic, 1000)]
    assert len(set(ids)) == 1000


def signed(broker, topic):
    return Kafka(
        servers=f"{LOCAL}:{broker[1]}", topic=topic, security="sasl_plaintext", mechanism="PLAIN",
        username="shop", secret="${env:KAFKA}",
    )  # fmt: skip


def test_a_user_signs_in_with_the_secret(broker, port, topic):
    with opened(signed(broker, topic), KAFKA=PASSWORD) as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "sent"
    assert len(read(port, topic, 1)) == 1


def test_a_wrong_secret_pauses_the_destination(broker, topic, monkeypatch):
    monkeypatch.setattr("journeyfold.activate.destinations.kafka.DELIVERY_MS", 3_000)
    with opened(signed(broker, topic), KAFKA="wrong") as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "paused"
    assert "Authentication failed" in outcome.reason


def test_of_a_broker_that_is_gone_nobody_knows_what_it_took(monkeypatch):
    monkeypatch.setattr("journeyfold.activate.destinations.kafka.DELIVERY_MS", 1_500)
    (nobody,) = free_ports(1)
    with opened(destined(nobody, "orders")) as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert (outcome.status, outcome.is_unreached) == ("unknown", True)
