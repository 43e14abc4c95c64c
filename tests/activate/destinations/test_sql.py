"""The sql destination against PostgreSQL and SQLite: the same promises on both."""

import gc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa
from servers.given import event, opened, removal, row, tools
from servers.postgres import PASSWORD, postgres
from servers.process import LOCAL, free_ports
from servers.wire import wire_to

from journeyfold.activate.destinations.sql import Sql
from journeyfold.core.errors import UsageError

COLUMNS = {"tier": "text", "points": "integer", "spent": "number", "joined": "timestamp"}
ANN = {"tier": "gold", "points": 7, "spent": 12.5, "joined": "2026-01-02T03:04:05Z"}


# pg8000 leaves the sockets of a connection that failed to the garbage
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def swept():
    """What a test leaves behind is not told in another's name."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def port():
    with postgres() as port:
        yield port


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request, tmp_path):
    """(the address for a destination, an engine of our own)."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/crm.db"
        engine = sa.create_engine(url)
        yield url, engine
        engine.dispose()
        return
    port = request.getfixturevalue("port")
    address = sa.URL.create("postgresql+pg8000", "shop", PASSWORD, LOCAL, port, "postgres")
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("drop table if exists people"))
    yield f"postgresql://shop@{LOCAL}:{port}/postgres", engine
    engine.dispose()


def destined(url, **more):
    secret = "${env:PASSWORD}" if url.startswith("postgres") else ""
    told = {"table": "people", "columns": COLUMNS, "create": True, "key": "email"}
    return Sql(url=url, secret=secret, **{**told, **more})


def deliver(wanted, *calls):
    with opened(wanted, PASSWORD=PASSWORD) as destination:
        return [destination.deliver(call) for call in calls]


def held(engine, order="email"):
    with engine.connect() as connection:
        return [
            tuple(each)
            for each in connection.execute(sa.text(f"select * from people order by {order}"))
        ]


def test_rows_are_put_by_their_key_with_their_types(database):
    url, engine = database
    ((first, second),) = deliver(
        destined(url), [row("r1", "ann", **ANN), row("r2", "bob", tier="new")]
    )
    assert (first.status, second.status) == ("sent", "sent")
    ann, bob = held(engine)
    assert ann[:4] == ("ann", "gold", 7, 12.5)
    told = ann[4] if isinstance(ann[4], str) else ann[4].astimezone(UTC).isoformat()
    assert told[:10] == "2026-01-02"
    assert bob == ("bob", "new", None, None, None)


def test_a_repeated_row_changes_nothing_and_a_changed_one_is_changed(database):
    url, engine = database
    deliver(destined(url), [row("r1", "ann", **ANN)], [row("r1", "ann", **ANN)])
    assert len(held(engine)) == 1
    deliver(destined(url), [row("r2", "ann", **{**ANN, "points": 8})])
    assert held(engine)[0][2] == 8


def test_a_removed_row_is_gone_and_removing_it_again_is_no_error(database):
    url, engine = database
    deliver(destined(url), [row("r1", "ann", **ANN), row("r2", "bob", **ANN)])
    calls = deliver(destined(url), [removal("r3", "ann")], [removal("r4", "ann")])
    assert {each.status for call in calls for each in call} == {"sent"}
    assert [each[0] for each in held(engine)] == ["bob"]


def test_within_one_call_the_last_word_on_a_row_holds(database):
    url, engine = database
    deliver(destined(url), [row("r1", "ann", **ANN), removal("r2", "ann"), row("r3", "bob", **ANN)])
    assert [each[0] for each in held(engine)] == ["bob"]


def test_a_row_with_a_value_of_another_type_is_dead_and_the_others_are_put(database):
    url, engine = database
    calls = deliver(
        destined(url),
        [row("r1", "ann", points="many"), row("r2", "bob", points=1), row("r3", "cy", other=1)],
    )
    wrong, sound, unknown = calls[0]
    assert (wrong.status, wrong.reason) == ("dead", 'points: "many" is no integer')
    assert sound.status == "sent"
    assert unknown.reason == "there is no column 'other'"
    assert [each[0] for each in held(engine)] == ["bob"]


def test_a_row_the_database_refuses_is_dead_and_the_others_are_put(database):
    url, engine = database
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "create table people (email text primary key, points bigint check (points < 9))"
            )
        )
    told = destined(url, columns={"points": "integer"}, create=False)
    ((first, refused, last),) = deliver(
        told, [row("r1", "ann", points=1), row("r2", "bob", points=9), row("r3", "cy", points=2)]
    )
    assert (first.status, refused.status, last.status) == ("sent", "dead", "sent")
    assert "check" in refused.reason.lower()
    assert "insert" not in refused.reason.lower()
    assert [each[0] for each in held(engine)] == ["ann", "cy"]


def test_events_lie_under_the_ids_of_their_effects(database):
    url, engine = database
    told = destined(url, key="id", columns={"total": "number"})
    deliver(told, [event("e1", total=89.0)], [event("e1", total=89.0), event("e2")])
    assert held(engine, "id") == [("e1", 89.0), ("e2", None)]


def test_a_table_that_is_not_there_pauses_the_destination(database):
    url, _ = database
    (((outcome),),) = deliver(destined(url, create=False), [row("r1", "ann")])
    assert outcome.status == "paused"
    assert "people" in outcome.reason


def test_a_statement_in_a_value_is_a_value(database):
    url, engine = database
    evil = "'); drop table people; --"
    deliver(destined(url), [row("r1", evil, tier=evil)])
    assert held(engine)[0][:2] == (evil, evil)


def test_a_wrong_password_pauses_the_destination(port):
    wanted = Sql(
        url=f"postgresql://shop@{LOCAL}:{port}/postgres", table="people", columns={"a": "text"},
        secret="${env:PASSWORD}",
    )  # fmt: skip
    with opened(wanted, PASSWORD="wrong") as destination:
        (outcome,) = destination.deliver([row("r1", "ann", a="x")])
    assert outcome.status == "paused"
    assert "password" in outcome.reason


def test_a_server_that_falls_silent_is_tried_again(port, monkeypatch):
    monkeypatch.setattr("journeyfold.activate.destinations.sql.TIMEOUT_S", 1)
    with wire_to(port) as wire:
        wanted = destined(f"postgresql://shop@{LOCAL}:{wire.port}/postgres", table="silent")
        with opened(wanted, PASSWORD=PASSWORD) as destination:
            (first,) = destination.deliver([row("r1", "ann", **ANN)])
            wire.mute()
            (silent,) = destination.deliver([row("r2", "bob", **ANN)])
            (again,) = destination.deliver([row("r2", "bob", **ANN)])
    assert first.status == "sent"
    assert [(each.status, each.is_unreached) for each in (silent, again)] == [("retry", True)] * 2


def test_a_server_that_is_gone_is_tried_again():
    (nobody,) = free_ports(1)
    wanted = Sql(url=f"postgresql://shop@{LOCAL}:{nobody}/x", table="people", columns={"a": "text"})
    with opened(wanted) as destination:
        (outcome,) = destination.deliver([row("r1", "ann", a="x")])
    assert (outcome.status, outcome.is_unreached) == ("retry", True)


def test_another_database_is_refused_in_words():
    told = {"type": "sql", "url": "mysql://h/d", "table": "people", "columns": {"a": "text"}}
    with pytest.raises(msgspec.ValidationError, match="begins with postgresql:// or sqlite:///"):
        msgspec.convert(told, Sql)
    wanted = Sql(url="${env:CRM}", table="people", columns={"a": "text"})
    with pytest.raises(UsageError, match="mysql is not postgresql or sqlite"):
        wanted.open(tools(CRM="mysql://h/d"))


def test_an_instant_is_an_instant():
    from journeyfold.activate.columns import cell

    assert cell("2026-01-02T03:04:05Z", "timestamp") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_many_calls_at_once_make_the_table_once(database):
    url, engine = database
    with opened(destined(url), PASSWORD=PASSWORD) as destination, ThreadPoolExecutor(4) as pool:
        calls = [[row(f"r{n}-{i}", f"u{n}-{i}", tier="x") for i in range(20)] for n in range(8)]
        outcomes = [each for call in pool.map(destination.deliver, calls) for each in call]
    assert {each.status for each in outcomes} <= {"sent", "retry"}
    assert len(held(engine)) == sum(each.status == "sent" for each in outcomes)
    assert sum(each.status == "sent" for each in outcomes) == 160
