"""Overview, Sources and Quality say the same of a source, and Quality the same as its runs."""

import re
from html import unescape

import msgspec

from journeyfold.console import wording
from journeyfold.console.pages.quality import sentence
from journeyfold.project.quality_report import FreshLine
from journeyfold.testing.desk import NOW_US
from journeyfold.testing.desk_quality import SampleQuality


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


class Quality(SampleQuality):
    """All rules pass, these days of them did not; sources are as they are said to be."""

    def __init__(self, failing=(), freshness=()):
        super().__init__(NOW_US, is_empty=False)
        self.failing, self.seen = tuple(failing), tuple(freshness)

    def card(self):
        card = super().card()
        lines = []
        for line, (failing, day) in zip(card.report.rules, self.failing, strict=False):
            keys = {"failing": failing, "failed_day": day}
            lines.append(msgspec.structs.replace(line, status="pass", **keys))
        report = msgspec.structs.replace(card.report, rules=tuple(lines), freshness=self.seen)
        return msgspec.structs.replace(card, report=report)


NEVER = [FreshLine("pos", "silent", "silent"), FreshLine("crm", "silent", "silent")]
OLD = FreshLine("shop", "stale", "stale: the newest record is 2 h 0 min old, 15 min is expected")


def test_rules_that_pass_as_a_whole_are_told_with_the_days_that_failed():
    card = Quality([(3, "2026-01-09"), (0, ""), (1, "2026-01-12")]).card()
    assert sentence(card) == (
        "Every rule passes as a whole; 4 single days of 2 rules failed, the newest 2026-01-12."
    )


def test_one_rule_that_failed_on_a_day_is_named():
    assert sentence(Quality([(1, "2026-01-09")]).card()) == (
        "Every rule passes as a whole; 1 single day of amount failed, the newest 2026-01-09."
    )


def test_rules_that_never_failed_pass():
    assert sentence(Quality([(0, ""), (0, "")]).card()) == "Every rule passes."


def test_a_rule_says_how_many_of_its_days_failed(signed_in, desk):
    desk.quality = Quality([(3, "2026-01-09")])
    assert "validity 3 of 30 days failed, the newest 2026-01-09 passes" in words(
        signed_in(desk).get("/quality")
    )


def test_what_never_sent_waits_and_alarms_nobody(signed_in, desk):
    desk.quality = Quality(freshness=NEVER)
    browser = signed_in(desk)
    overview, quality = browser.get("/"), browser.get("/quality")
    assert "Nothing came yet from 2 sources pos and crm: how to begin" in words(overview)
    assert "1 watching" in words(overview)
    assert "pos nothing yet it has never sent; how it sends" in words(quality)
    assert 'href="/sources#pos"' in quality.text


def test_sources_say_of_one_that_never_sent_that_nothing_came_yet(shop):
    page = shop.get("/sources")
    shown = words(page)
    silent = re.search(r"Nothing came yet from ([\w-]+);", shown)
    assert silent
    assert f"{silent[1]} " in shown
    assert "nothing yet never" in shown
    assert not re.search(r'class="[^"]*bad[^"]*"[^>]*>(?:(?!</span>).)*nothing yet', page.text)


def test_a_source_behind_its_rhythm_needs_a_person_on_the_overview(signed_in, desk):
    desk.quality = Quality(freshness=[OLD])
    shown = words(signed_in(desk).get("/"))
    assert "shop is stale The newest record is 2 h 0 min old, 15 min is expected." in shown


def test_names_are_listed_as_one_reads_them():
    assert [wording.listed(list("abcde")[:count]) for count in (0, 1, 2, 3, 5)] == [
        "", "a", "a and b", "a, b and c", "a, b, c and 2 more",
    ]  # fmt: skip
