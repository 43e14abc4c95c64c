"""Linkage of records that share no identifier, on four lists with a truth.

The thresholds stand in examples/linkage and were fixed beforehand; the truth is read by the score
alone. The baseline is the same list under the settings that Splink documents for it, timed in this
run: training and scoring, on one thread.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import duckdb
import splink.comparison_library as cl
from figure import report
from harness.people import DATA, SETS, People, scored
from splink import Linker, SettingsCreator, block_on
from splink.internals.duckdb.database_api import DuckDBAPI

from journeyfold.adapters.linkage import Linking, cleaned
from journeyfold.identity.closure import clusters_of, judge
from journeyfold.identity.linkage import weight_of


def _ours(people: People) -> tuple[float, float]:
    """(F1 of the clusters, seconds)."""
    started = time.perf_counter()
    linking = Linking(people.settings, people.tables)
    pairs = [one.pair for one in linking.score(linking.train())]
    held = judge(pairs, weight_of(people.settings.bands.review_from)).held
    took = time.perf_counter() - started
    return scored(clusters_of(held, people.truth), people.truth).f1, took


def _documented(name: str, people: People) -> float:
    """Seconds of Splink's own settings for the list, without clustering."""
    started = time.perf_counter()
    engine = duckdb.connect(config={"threads": 1})
    api = DuckDBAPI(connection=engine)
    tables = []
    for number, table in enumerate(people.tables):
        engine.register("given", table)
        engine.execute(f"create table records_{number} as {cleaned(people.settings)}")
        tables.append(api.register(f"records_{number}"))
    settings, prior, recall, train_on = DOCUMENTED[name]()
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(prior, recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in train_on:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    frame = linker.inference.predict(threshold_match_weight=-10)
    engine.execute(f"select * from {frame.physical_name}").fetchall()
    return time.perf_counter() - started


def _febrl4_documented() -> Any:
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            "l.given_name = r.surname and l.surname = r.given_name",
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        comparisons=[
            *_febrl_names(),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
                term_frequency_adjustments=True
            ),
        ],
    )
    prior = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    return settings, prior, 0.8, [block_on("date_of_birth"), block_on("postcode")]


def _febrl3_documented() -> Any:
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("soc_sec_id"), block_on("given_name"), block_on("surname"),
            block_on("date_of_birth"), block_on("postcode"),
        ],
        comparisons=[
            *_febrl_names(),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
    )  # fmt: skip
    prior = [
        block_on("soc_sec_id"),
        block_on("given_name", "surname", "date_of_birth"),
        (
            "l.given_name = r.surname and l.surname = r.given_name "
            "and l.date_of_birth = r.date_of_birth"
        ),
    ]
    return settings, prior, 0.9, [block_on("date_of_birth"), block_on("postcode")]


def _febrl_names() -> list[Any]:
    return [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
    ]


def _fake_documented() -> Any:
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
    )  # fmt: skip
    prior = [
        "l.first_name = r.first_name and levenshtein(l.dob, r.dob) <= 1",
        "l.surname = r.surname and levenshtein(l.dob, r.dob) <= 1",
        "l.first_name = r.first_name and levenshtein(l.surname, r.surname) <= 2",
        "l.email = r.email",
    ]
    return settings, prior, 0.7, [block_on("first_name", "surname"), block_on("dob")]


def _historical_documented() -> Any:
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            ("substr(l.first_name,1,3) = substr(r.first_name,1,3) "
            "and substr(l.surname,1,4) = substr(r.surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            "substr(l.postcode_fake,1,3) = substr(r.postcode_fake,1,3) and l.dob = r.dob",
            ("substr(l.postcode_fake,1,3) = substr(r.postcode_fake,1,3) "
            "and l.first_name = r.first_name"),
            "substr(l.postcode_fake,1,3) = substr(r.postcode_fake,1,3) and l.surname = r.surname",
            ("substr(l.first_name,1,2) = substr(r.first_name,1,2) "
            "and substr(l.surname,1,2) = substr(r.surname,1,2) "
            "and substr(l.dob,1,4) = substr(r.dob,1,4)"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name", "surname",
                forename_surname_concat_col_name="first_name_and_surname",
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
    )  # fmt: skip
    prior = [
        block_on("first_name", "surname", "dob"),
        (
            "substr(l.first_name,1,2) = substr(r.first_name,1,2) and l.surname = r.surname "
            "and substr(l.postcode_fake,1,2) = substr(r.postcode_fake,1,2)"
        ),
        block_on("dob", "postcode_fake"),
    ]
    return settings, prior, 0.6, [block_on("first_name", "surname"), block_on("dob")]


DOCUMENTED: dict[str, Any] = {
    "febrl4": _febrl4_documented,
    "febrl3": _febrl3_documented,
    "fake_1000": _fake_documented,
    "historical_50k": _historical_documented,
}


def _measured(name: str) -> tuple[float, float, float]:
    people = SETS[name]()
    base = _documented(name, people)
    f1, took = _ours(people)
    return f1, took, base


def _report(name: str) -> None:
    f1, took, base = _measured(name)
    told = {"took_s": round(took, 2), "documented_s": round(base, 2), "of_documented": took / base}
    match name:
        case "febrl4":
            report("febrl4_f1", f1, "F1", goal=0.9991, better="higher", **told)
        case "febrl3":
            report("febrl3_f1", f1, "F1", goal=0.9985, better="higher", **told)
        case "fake_1000":
            report("fake_1000_f1", f1, "F1", goal=0.95, better="higher", **told)
        case "historical_50k":
            report("historical_50k_f1", f1, "F1", goal=0.88, better="higher", **told)


def main() -> None:
    if not DATA.is_dir():
        sys.exit(f"there is no {DATA}; set JOURNEYFOLD_DATA")
    for name in SETS:
        _report(name)


if __name__ == "__main__":
    main()
