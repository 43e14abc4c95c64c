"""Features as models take them: filled in and scaled by what was fitted, never over facts (Q27-Q30)."""

import math

import msgspec
import pytest
from house import SHOP, House, everything, system

from journeyfold.core.instant import HOUR_US
from journeyfold.project.check import check
from journeyfold.project.load import load
from journeyfold.project.prepared import Seen, fit_of, fits_in_force, missing_report, prepared
from journeyfold.quality.transform import Plan
from journeyfold.segment.definition import FeatureDefinition

SPEND = FeatureDefinition(value="x", impute="mean", transform="zscore", missing=True)
CITY = FeatureDefinition(value="x", impute="unknown")


def feature(text):
    said = SHOP.files["features.yaml"].replace("features:", f"features:\n  fresh: {text}\n", 1)
    return {**SHOP.files, "features.yaml": said}


def ready(features, **fitted):
    return fits_in_force(features, fitted)


def test_a_missing_value_is_filled_in_scaled_and_marked():
    fits = ready({"spend": SPEND}, spend=fit_of(SPEND.plan, [[1], [3], [None]]))
    assert prepared({"spend": SPEND}, fits, {"spend": None}) == {
        "spend_missing": True, "spend": 0.0,
    }  # fmt: skip
    assert prepared({"spend": SPEND}, fits, {"spend": 3}) == {"spend_missing": False, "spend": 1.0}


def test_before_the_fit_there_is_only_the_indicator():
    assert prepared({"spend": SPEND}, {}, {"spend": 3}) == {"spend_missing": False}


def test_what_needs_no_fit_is_prepared_at_once():
    constant = FeatureDefinition(value="x", impute="constant", constant=0)
    logged = FeatureDefinition(value="x", transform="log1p")
    features = {"city": CITY, "n": constant, "l": logged}
    found = prepared(features, ready(features), {"city": None, "l": 1})
    assert found == {"city": "Unknown", "n": 0, "l": math.log(2)}


def test_a_feature_that_says_nothing_of_it_is_not_prepared():
    assert prepared({"n": FeatureDefinition(value="x")}, {}, {"n": 1}) == {}


def test_a_fit_of_too_little_is_refused():
    assert fit_of(SPEND.plan, [[1.0], [None], [None], [None]]) is None
    assert fit_of(Plan("mean"), [["a"], ["b"]]) is None


def test_missing_values_that_tell_who_is_labelled_are_not_by_chance():
    people = [Seen({"n": None if at < 5 else at}, at < 6, "2026-11") for at in range(10)]
    (row,) = missing_report({"n": FeatureDefinition(value="x")}, people)
    assert (row.missing, row.is_random, row.months) == (0.5, False, {"2026-11": 0.5})
    assert row.auc == pytest.approx(0.5 * (1 + 5 / 6))


def test_without_a_label_nothing_is_said_of_chance():
    (row,) = missing_report({"n": FeatureDefinition(value="x")}, [Seen({}, None, "2026-11")])
    assert (row.missing, row.auc, row.is_random) == (1.0, None, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{value: traits.age, impute: avg}", "'avg' is not one of"),
        ("{value: traits.age, impute: constant}", "constant and `constant` go together"),
        ("{value: traits.age, transform: z_score}", "'z_score' is not one of"),
    ],
)
def test_a_preparation_that_cannot_be_meant_is_one_sentence(text, says):
    with pytest.raises(Exception, match=says):
        load(feature(text))


def test_a_fit_is_a_record_that_a_rebuild_takes_up():
    count = "{value: 'count(\"Order Completed\")', transform: minmax}"
    project = load(feature(count))
    assert [each for each in check(project) if each.severity == "error"] == []
    house = House(project)
    house.track("Order Completed", {"order_id": "o1", "total": 9}, user="ann")
    house.now_us += HOUR_US
    plan = project.features["fresh"].plan
    fit = fit_of(plan, [[at] for at in range(5)])
    told = {"cuts": {}, "fits": {"fresh": msgspec.to_builtins(fit)}}
    house.append(system("cutpoints.updated", house.now_us, told), "cutpoints")
    compiled = house.engine.compiled
    values = compiled.feature_values(house.person("user_id", "ann"), house.now_us)
    made = prepared(compiled.project.features, compiled.surroundings.fits, values)
    assert (values["fresh"], made["fresh"]) == (1, 0.25)
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_of_onehot_there_is_one_and_zero_for_every_category():
    land = FeatureDefinition(value="x", transform="onehot", categories=("AT", "DE"))
    found = prepared({"land": land}, ready({"land": land}), {"land": "DE"})
    assert found == {"land=AT": 0, "land=DE": 1, "land=other": 0}


def test_a_fit_of_another_plan_is_none_until_it_is_made_anew():
    before = fit_of(Plan("mean"), [[1.0], [3.0]])
    assert ready({"spend": SPEND}, spend=before) == {}


def test_a_segment_of_a_prepared_feature_fills_with_the_fit_and_a_rebuild_agrees():
    files = feature('{value: \'sum("Order Completed", "total")\', transform: zscore}')
    files["segments/rich.yaml"] = "segments:\n  - {id: rich, when: features.fresh.prepared > 1.5}\n"
    project = load(files)
    house = House(project)
    for at, total in enumerate([10, 12, 11, 9, 10, 400]):
        order = {"order_id": f"o{at}", "total": total}
        house.track("Order Completed", order, user=f"u{at}")
    assert "rich" not in house.person("user_id", "u5").memberships
    house.now_us += HOUR_US
    fit = fit_of(project.features["fresh"].plan, [[each] for each in (10, 12, 11, 9, 10, 400)])
    told = {"cuts": {}, "fits": {"fresh": msgspec.to_builtins(fit)}}
    house.append(system("cutpoints.updated", house.now_us, told), "cutpoints")
    inside = [at for at in range(6) if "rich" in house.person("user_id", f"u{at}").memberships]
    assert inside == [5]
    house.track("Order Completed", {"order_id": "late", "total": 500}, user="u0")
    assert "rich" in house.person("user_id", "u0").memberships
    assert everything(house.rebuilt(3)) == everything(house.state)
