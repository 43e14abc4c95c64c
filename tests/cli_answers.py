"""A runtime that answers from a table and remembers what it was asked."""

from journeyfold.journey.control import Move
from journeyfold.project.cleaned import Tally
from journeyfold.project.plan_report import DecisionChange, Mover, PlanReport, SegmentChange
from journeyfold.project.prepared import Missing
from journeyfold.project.reports import (
    BackupReport,
    BadRow,
    Explanation,
    ExportReport,
    Figure,
    HeldItem,
    HeldList,
    ImportReport,
    JourneyAct,
    JourneyReport,
    JourneyRow,
    KeyRow,
    ParkedItem,
    QuarantineReplay,
    Ready,
    Reason,
    ReplayReport,
    StepRow,
    SyncChange,
    SyncPreview,
    SyncRow,
)
from journeyfold.project.taxonomies import Missed, Near
from journeyfold.quality.near import Nearly, Pair
from journeyfold.quality.profile import FileProfile, Spread, profiled
from journeyfold.runtime.outbox_view import Outbox, RowCard

HELD = HeldItem(17, "shop_web", "Order Completed", "schema", "/properties/total", "required, but missing", 1_700_000_000_000_000, message={"event": "Order Completed"})  # fmt: skip
BACKUP = BackupReport("/backups/shop", 10, 81_920, 0.5, "/shop/.journeyfold/keys/root.key")
REPLAYED = QuarantineReplay(3, 2, 0, {"schema": 1})
PARKED = ParkedItem(41, "shop_web", "Order Completed", "fold_failed", "ZeroDivisionError: x")
KEY = KeyRow(
    "7hKq2MbX0a", "pub", "shop_web", "live", 1_700_000_000_000_000, key="jf_pub_live_7hKq2MbX0a"
)
READY = Ready("http://127.0.0.1:8080", "http://127.0.0.1:8080/console", sign_in="admin / x", write_key="jf_pub_x", example="curl …", notices=("Copy keys/root.key to a safe place.",))  # fmt: skip
_BAD_ROWS = (
    BadRow(4, "torn", "quote"),
    BadRow(5, "no_time", "line 5: the time it occurred is empty"),
    BadRow(6, "bad_value", "line 6, column 'total': no number"),
)
IMPORT = ImportReport("shop_orders", 10, 7, 1, 2, 5, 3, 1, 1, 0, {"no_customer": 2}, _BAD_ROWS, 1.5)  # fmt: skip
PLAN = PlanReport(
    "30d", 100, 5000,
    segments=(SegmentChange("vip", 10, 12, 3, 1, (Mover("p_a", "enters", "count >= 3"),)),),
    decisions=(DecisionChange("home-hero", 50, 4, ("p_a: ten-percent, was newsletter",)),),
    definitions={"segment/vip": "changed"}, untouched=7,
)  # fmt: skip
EXPLANATION = Explanation("p_a is in vip.", (Reason("count is 3", 1_700_000_000_000_000, 42),))
JOURNEY = JourneyRow("cart", "3f0c9a51d2be", "paused", 7, 1_700_000_000_000_000, "ann")
SYNC = SyncRow("crm.vip", "crm", "vip", "segment vip", "mirror", "15m", 20, 1_700_000_000_000_000, 1_700_000_000_000_000, 0, {"added": 2, "no_key": 1})  # fmt: skip
OUTBOX = Outbox((RowCard("8b1f", "webhook", "crm", "p_a", "dead", "necessary", 1_700_000_000_000_000, 0, 1, "answered 422", journey="cart"),), {"dead": 1, "pending": 3})  # fmt: skip
FIGURE = Figure("replay_events_per_s", 31_000.0, "events/s", 30_000.0, "higher", machine="2 cores")


NEARLY = Nearly(2, 1, (Pair("tea pot", "Tea-Pot", 1.0, (3, 1)),), cut=4)
PROFILE = profiled(Spread("born", "varchar", 9, 1, 2), [(" 03/04/2021", 5), ("05.06.1999", 3)])


class Answers:
    """Every question has the answer of its name in `given`, else the one above."""

    def __init__(self, **given):
        self.given = {
            "up": 0, "demo": 0, "import_source": IMPORT, "replay": ReplayReport(10, 2, 0.5),
            "plan": PLAN, "why_membership": EXPLANATION, "why_decision": EXPLANATION,
            "why_same_person": EXPLANATION, "quarantine_list": HeldList((HELD,), (PARKED,)), "quarantine_show": HELD,
            "quarantine_replay": REPLAYED,
            "keys_create": KEY, "keys_list": [KEY], "keys_rotate": KEY, "keys_revoke": KEY,
            "export": ExportReport("people", "p.csv", 3, 120), "bench": [FIGURE],
            "why_journey": EXPLANATION, "journey_list": [JOURNEY],
            "journey_show": JourneyReport(JOURNEY, (StepRow("3f0c9a51d2be", "pause", 7),)),
            "journey_act": JourneyAct("cart", "migrate", 41, {"aa": [Move("old", 3, "new"), Move("gone", 2, "", "no step")]}),
            "sync_list": [SYNC], "sync_show": SYNC, "sync_run": 41,
            "sync_preview": SyncPreview("crm.vip", True, {"added": 2, "removed": 7}, (SyncChange("remove", "ann@shop.test", "p_a"),)),
            "outbox": OUTBOX,
            "quality_missing": [Missing("spend", 40, 0.25, 0.7, months={"2026-11": 0.25})],
            "near_in_file": NEARLY, "near_in_event": NEARLY,
            "profile_file": FileProfile((PROFILE,), 2, (3, 4)), "profile_event": [PROFILE],
            "taxonomy_misses": [Missed("retail", "shop", "properties.category", "Shose", 4, (Near("Shoes", 88.9),))],
            "quality_cleaning": [Tally("crm", "traits.phone", "phone", 40, 30, 2)],
            "backup": BACKUP,
            "openapi": {"openapi": "3.1.0"},
        } | given  # fmt: skip
        self.asked = []

    def __getattr__(self, name):
        def answer(*places, **options):
            self.asked.append((name, places, options))
            given = self.given[name]
            if isinstance(given, Exception):
                raise given
            if "ready" in options:
                options["ready"](READY)
            if "progress" in options:
                options["progress"]("records", 1, 2)
            return given

        return answer
