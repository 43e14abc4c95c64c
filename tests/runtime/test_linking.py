"""Linkage over a real log and state: what is proposed, what is not, and what lasts."""

import shutil
import sys

import duckdb
import pytest
from linkage_kit import LINKAGE, Shop, claim_of, people, split

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Identifier
from journeyfold.identity import review
from journeyfold.identity.closure import Pair, clusters_of
from journeyfold.identity.evidence import Selector, Verdict
from journeyfold.identity.resolve import Resolver
from journeyfold.project.erasure import request
from journeyfold.project.people import decode_profile, encode_profile
from journeyfold.runtime import linking
from journeyfold.runtime.evidence_desk import event_of
from journeyfold.runtime.identity_asks import IdentityAsks
from journeyfold.runtime.linking import link_records


def run(shop, *, full=False):
    told = link_records(shop.workspace, full=full, progress=lambda *_: None)
    shop.fold()
    return told


def read(shop, look):
    state = shop.workspace.read_state()
    try:
        with state.read() as reader:
            return look(reader)
    finally:
        state.close()


def queue(shop):
    return read(shop, lambda reader: [row for _, row in review.open_reviews(reader)])


def runs(shop):
    return read(shop, review.runs)


def person(shop, claim):
    def look(reader):
        resolver = Resolver(shop.project.identity, shop.workspace.node_key, reader)
        return resolver.person_of(resolver.node(claim))

    return read(shop, look)


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared_data):
    """A shop with customers and all but ten contacts, after its first run."""
    shop = Shop.made(tmp_path_factory.mktemp("linkage") / "shop")
    customers, contacts = split(people(shared_data))
    shop.contacts(customers, "user_id")
    shop.contacts(contacts[10:])
    told = run(shop)
    shop.workspace.close()
    return shop.workspace.place.directory, told, customers, contacts


@pytest.fixture
def shop(made, tmp_path):
    """A copy of it: each test changes its own."""
    shutil.copytree(made[0], tmp_path / "shop")
    copied = Shop(tmp_path / "shop")
    yield copied
    copied.workspace.close()


def truth_of(shop, made):
    """Node → who it really is."""
    _, _, customers, contacts = made
    kinds = ((customers, "user_id"), (contacts, "loyalty_card"))
    return {shop.node(row, kind): row["cluster"] for rows, kind in kinds for row in rows}


def everybody(shop):
    """What is known of whom, as bytes; not since when they are where they are."""

    def look(reader):
        found = [decode_profile(raw) for _, raw in reader.scan("profile")]
        for profile in found:
            profile.seen = profile.clock_us = 0
            profile.stages, profile.memberships = {}, {}
        return list(map(encode_profile, found))

    return read(shop, look)


def test_pairs_of_one_person_are_proposed_for_review(made, shop):
    truth, pairs = truth_of(shop, made), queue(shop)
    right = sum(truth[pair.a] == truth[pair.b] for pair in pairs)
    assert len(pairs) == made[1].review > 50
    assert right / len(pairs) > 0.95


def test_a_pair_that_stronger_ones_imply_is_not_asked_for(made, shop):
    pairs = queue(shop)
    people_ = {node for pair in pairs for node in (pair.a, pair.b)}
    groups = clusters_of([Pair(pair.a.hex(), pair.b.hex(), 0) for pair in pairs])
    assert len(pairs) == len(people_) - len(groups)
    assert made[1].implied > 20


def test_nothing_is_linked_unless_the_project_says_so(made, shop):
    assert made[1].auto == 0
    assert read(shop, lambda reader: list(reader.scan("id_link"))) == []


def test_the_steps_say_in_words_how_values_compare(shop):
    first = queue(shop)[0]
    assert [step[0] for step in first.steps] == ["first_name_and_surname", "dob", "city", "email"]
    assert {"same", "same names"} & {step[1] for step in first.steps}
    assert first.prior < -3


def test_a_run_stands_in_the_history(made, shop):
    (only,) = runs(shop)
    assert (only.is_done, only.told.mode, only.opened) == (True, "full", made[1].review)
    assert only.told.model.endswith(f"-{only.told.until}")


def test_the_next_run_compares_new_records_only_under_the_same_model(made, shop):
    new = made[3][:10]
    shop.contacts(new)
    before = {pair.id for pair in queue(shop)}
    told = run(shop)
    assert (told.mode, told.model) == ("incremental", made[1].model)
    fresh = [pair for pair in queue(shop) if pair.id not in before]
    nodes = {shop.node(row, "loyalty_card") for row in new}
    assert fresh
    assert all({pair.a, pair.b} & nodes for pair in fresh)


def test_a_run_without_anything_new_proposes_nothing(shop):
    assert run(shop).pairs == 0


def test_full_trains_another_model(made, shop):
    told = run(shop, full=True)
    assert told.mode == "full"
    assert told.model != made[1].model
    assert len(queue(shop)) == made[1].review  # the same pairs, proposed anew


def test_other_settings_train_anew_and_other_bands_do_not(shop):
    shop.publish(LINKAGE.replace("review_from: 0.5", "review_from: 0.7"))
    assert run(shop).mode == "incremental"
    shop.publish(LINKAGE.replace("edits: [2]", "edits: [1, 2]"))
    assert run(shop).mode == "full"


def test_a_pair_above_auto_from_is_linked_and_undone_with_its_model(shop):
    shop.publish(LINKAGE.replace("review_from: 0.5", "review_from: 0.5, auto_from: 0.999"))
    before = everybody(shop)
    told = run(shop, full=True)
    latest = runs(shop)[0]
    assert told.auto > 20
    assert latest.linked + latest.refused == told.auto
    assert everybody(shop) != before
    said = Verdict("retract", selector=Selector(batch=told.model, method="linkage"))
    shop.say(event_of(said, "ann", 1))
    assert everybody(shop) == before


def test_after_an_undo_the_next_run_trains_anew(made, shop):
    said = Verdict("retract", selector=Selector(batch=made[1].model))
    shop.say(event_of(said, "ann", 1))
    assert run(shop).mode == "full"


def test_what_was_said_to_be_different_is_not_asked_again(shop):
    pair = queue(shop)[0]
    shop.say(review.reviewed(pair.id, "different", "ann", 1))
    told = run(shop, full=True)
    assert told.refused >= 1
    assert pair.id not in {each.id for each in queue(shop)}


def test_who_objects_to_profiling_is_not_compared(made, shop):
    row = made[2][0]
    now_us = shop.workspace.clock.now_us()
    shop.append(Event(
        id="c1", name="Consent Updated", type="track", source="shop_server",
        identifiers=(claim_of(row, "user_id"),), occurred_us=now_us, received_us=now_us,
        properties={"purposes": {"profiling_automated": False}}, context={"auth": "server"},
    ))  # fmt: skip
    shop.fold()
    told = run(shop)
    assert (told.left_out, told.rows) == (1, made[1].rows - 1)


def test_who_is_erased_leaves_the_file_with_the_next_run(made, shop):
    row = made[2][0]
    shop.append(
        request([shop.node(row, "user_id").hex()], shop.workspace.clock.now_us()), "erasure"
    )
    shop.fold()
    run(shop)
    path = shop.workspace.place.data / linking.FOLDER / linking.FILE
    with duckdb.connect(str(path)) as engine:
        nodes = {node for (node,) in engine.execute("select node from sighted").fetchall()}
    assert shop.node(row, "user_id").hex() not in nodes
    assert len(nodes) == made[1].rows - 1


def test_a_model_without_term_frequencies_fails_with_the_way_out_and_stays(made, shop):
    path = shop.workspace.place.data / linking.FOLDER / linking.FILE
    with duckdb.connect(str(path)) as engine:
        engine.execute("drop table tf_email")
    shop.contacts(made[3][:10])
    before = queue(shop)
    with pytest.raises(UsageError, match=r"lacks its term frequencies of email.*--full"):
        run(shop)
    shop.fold()
    assert queue(shop) == before
    assert "term frequencies" in runs(shop)[0].told.failure


def test_records_that_do_not_suffice_are_told_so(tmp_path, shared_data):
    shop = Shop.made(tmp_path / "shop")
    shop.contacts(people(shared_data)[:3], "user_id")
    with pytest.raises(UsageError, match="linkage: "):
        run(shop)
    shop.fold()
    assert runs(shop)[0].told.failure
    shop.workspace.close()


def test_a_project_without_linkage_is_told_what_to_write(tmp_path):
    shop = Shop.made(tmp_path / "shop", "")
    shop.fold()
    with pytest.raises(UsageError, match=r"identity.yaml says nothing of `linkage:`"):
        run(shop)
    shop.workspace.close()


def test_without_the_extra_the_sentence_names_it(shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    monkeypatch.setitem(sys.modules, "splink.internals.duckdb.database_api", None)
    with pytest.raises(UsageError, match=r"pip install 'journeyfold\[linkage\]'"):
        run(shop)


def test_a_dry_run_of_evidence_tells_what_the_fold_then_does(made, shop):
    asks, row = IdentityAsks(shop.workspace), made[2][0]
    card = claim_of(made[3][10], "loyalty_card")
    said = Verdict("link", claim_of(row, "user_id"), card)
    told = asks.evidence(said, dry_run=True)
    assert (told.offset, [each.change for each in told.consequences]) == (None, ["merged"])
    source, target = told.consequences[0].people
    done = asks.evidence(said, dry_run=False)
    assert [each.people for each in done.consequences] == [
        each.people for each in told.consequences
    ]
    assert [held and held.events for held in done.consequences[0].holds] == [None, 2]
    assert person(shop, card) == person(shop, claim_of(row, "user_id")) == target != source


def test_a_review_from_the_command_line_joins_them(shop):
    asks = IdentityAsks(shop.workspace)
    waiting = asks.queue(1)
    asks.answer(waiting.pairs[0].id, "same", "ann")
    assert asks.queue(1).open == waiting.open - 1
    a, b = (Identifier(*each.split(":")) for each in (waiting.pairs[0].a, waiting.pairs[0].b))
    assert person(shop, a) == person(shop, b)
