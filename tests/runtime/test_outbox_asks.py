"""Commands on the outbox: about which rows, and what `work` makes of them when it folds."""

import pytest

from journeyfold.activate.outbox import Attempt, Row, ended
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import UsageError
from journeyfold.runtime import outbox, outbox_asks
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.outbox_asks import OutboxAsks

WORDS = {"destination": "", "state": "", "journey": "", "reason": ""}


@pytest.fixture
def asks(shop, monkeypatch):
    """Nothing runs beside: a command is a record, and holds when it is folded."""
    monkeypatch.setattr(outbox_asks, "WAIT_S", 0.0)
    fold_to_head(shop)
    state = shop.open_state()
    with state.write() as writer:
        for number in range(4):
            payload = {"kind": "message", "channel": "email", "journey": "cart"}
            row = Row(Deliver(f"m{number}", "email", "", 1, "marketing", payload))
            attempt = Attempt(1, 1, "dead", "answered 550")
            outbox.put(writer, ended(row, "dead", "answered 550", 1, attempts=(attempt,)))
    state.close()
    return OutboxAsks(shop)


def states(shop):
    state = shop.read_state()
    with state.read() as reader:
        found = [row.state for row in outbox.rows(reader)]
    state.close()
    return found


def test_dead_rows_are_sent_again_when_the_record_is_folded(asks, shop):
    wanted = asks.filter((), **WORDS | {"reason": "550"})
    done = asks.act("retry", wanted, dry_run=False)
    assert (done.rows, done.is_folded) == (4, False)
    assert states(shop) == ["dead"] * 4
    fold_to_head(shop)
    assert states(shop) == ["pending"] * 4


def test_a_dry_run_appends_nothing(asks, shop):
    head = shop.log.head()
    assert asks.act("drop", asks.filter((), **WORDS), dry_run=True).rows == 4
    assert shop.log.head() == head


def test_rows_by_email_are_those_of_the_mailbox_where_nothing_is_configured(asks):
    wanted = asks.filter((), **WORDS | {"destination": "mailbox"})
    page = asks.listed(wanted, 10)
    assert page.counts == {"dead": 4}
    assert {row.destination for row in page.rows} == {"mailbox"}


def test_only_the_rows_named_are_dropped(asks, shop):
    asks.act("drop", asks.filter(["m1", "m2"], **WORDS), dry_run=False)
    fold_to_head(shop)
    assert len(states(shop)) == 2


def test_a_destination_is_paused_and_resumed(asks, shop):
    asks.destination_act("pause", "mailbox")
    fold_to_head(shop)
    (card,) = asks.destinations()
    assert (card.id, card.status, card.rows) == ("mailbox", "paused", {"dead": 4})
    asks.destination_act("resume", "mailbox")
    fold_to_head(shop)
    assert asks.destinations()[0].status == "open"


def test_a_destination_that_nobody_knows_is_refused_with_a_hint(asks):
    with pytest.raises(UsageError, match="did you mean 'mailbox'"):
        asks.destination_act("resume", "malbox")


def test_a_state_that_there_is_not_is_refused(asks):
    with pytest.raises(UsageError, match="no state 'lost'"):
        asks.filter((), **WORDS | {"state": "lost"})
