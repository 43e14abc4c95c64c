"""Every screen: its path, its function and the act it is, and which roles may do that act.

A route without an act, or an act without a row, fails the build (trust SEC-11); the test walks
this table. Roles that may not act get a page that says which may.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from journeyfold.console.ask import Ask
from journeyfold.console.pages import (
    audit,
    journey,
    journey_edit,
    journey_new,
    journeys,
    lineage,
    live,
    mailbox,
    messages,
    outbox,
    overview,
    people,
    person,
    quality,
    quarantine,
    review,
    schemas,
    segments,
    settings,
    sources,
)


class Screen(msgspec.Struct, frozen=True):
    method: str
    path: str
    act: str
    show: Callable[[Ask], Response]
    title: str  # for the page of those who may not


SCREENS = (
    Screen("GET", "/", "look", overview.show, "The overview"),
    Screen("GET", "/live", "look", live.show, "Live records"),
    Screen("GET", "/quarantine", "look", quarantine.show, "Quarantine"),
    Screen("POST", "/quarantine/replay", "replay quarantine", quarantine.replay, "Replaying"),
    Screen("POST", "/quarantine/drop", "replay quarantine", quarantine.drop, "Giving up"),
    Screen("GET", "/people", "read people", people.show, "People"),
    Screen("POST", "/people", "read people", people.find, "Searching people"),
    Screen("GET", "/people/{person}", "read people", person.show, "A person's page"),
    Screen("POST", "/people/{person}/clear", "clear view", person.clear, "A clear view"),
    Screen("GET", "/review", "look at pairs", review.show, "Pairs that may be one person"),
    Screen("POST", "/review/undo", "review identity", review.undo, "Undoing a run"),
    Screen("POST", "/review/{pair}", "review identity", review.answer, "Answering"),
    Screen("POST", "/review/{pair}/clear", "clear view", review.clear, "A clear view"),
    Screen("GET", "/audit", "look", audit.show, "The identity audit"),
    Screen("POST", "/audit", "review identity", audit.run, "Looking it over"),
    Screen("GET", "/segments", "look", segments.index, "Segments"),
    Screen("GET", "/segments/{segment}", "look", segments.show, "A segment"),
    Screen("POST", "/segments/{segment}/draft", "draft segments", segments.edit, "Drafting"),
    Screen("POST", "/segments/{segment}/plan", "draft segments", segments.review, "Planning"),
    Screen("POST", "/segments/{segment}/patch", "draft segments", segments.patch, "The patch"),
    Screen(
        "POST", "/segments/{segment}/publish", "change segments", segments.publish, "Publishing"
    ),
    Screen("GET", "/journeys", "look", journeys.index, "Journeys"),
    Screen("GET", "/journeys/new", "draft journeys", journey_new.choose, "A new journey"),
    Screen("POST", "/journeys/new", "draft journeys", journey_new.begin, "A new journey"),
    Screen("GET", "/journeys/{journey}/edit", "draft journeys", journey_edit.show, "Editing"),
    Screen("POST", "/journeys/{journey}/draft", "draft journeys", journey_edit.change, "Drafting"),
    Screen("POST", "/journeys/{journey}/play", "draft journeys", journey_edit.play, "Simulating"),
    Screen("POST", "/journeys/{journey}/plan", "draft journeys", journey_edit.plan, "Planning"),
    Screen("POST", "/journeys/{journey}/patch", "draft journeys", journey_edit.patch, "The file"),
    Screen(
        "POST", "/journeys/{journey}/publish", "change journeys", journey_edit.publish, "Publishing"
    ),
    Screen("GET", "/journeys/{journey}", "look", journey.show, "A journey"),
    Screen("POST", "/journeys/{journey}/control", "control journeys", journey.control, "Pausing"),
    Screen("POST", "/journeys/{journey}/trace", "read people", journey.trace, "Searching people"),
    Screen("GET", "/messages", "look", messages.index, "Messages"),
    Screen("GET", "/messages/{message}", "look", messages.show, "A message"),
    Screen("POST", "/messages/{message}", "read people", messages.find, "Searching people"),
    Screen("POST", "/messages/{message}/test", "send tests", messages.test, "Sending a test"),
    Screen("GET", "/messages/{message}/html", "look", messages.framed, "A message"),
    Screen("GET", "/outbox", "look", outbox.show, "The outbox"),
    Screen("POST", "/outbox", "send again", outbox.act, "Sending again"),
    Screen(
        "POST",
        "/outbox/destinations/{destination}",
        "steer destinations",
        outbox.steer,
        "Pausing a destination",
    ),
    Screen("GET", "/mailbox", "read mails", mailbox.show, "The mailbox"),
    Screen("GET", "/mailbox/{mail}", "read mails", mailbox.read, "The mailbox"),
    Screen("GET", "/mailbox/{mail}/html", "read mails", mailbox.framed, "The mailbox"),
    Screen("GET", "/quality", "look", quality.show, "Quality"),
    Screen("POST", "/quality/run", "run rules", quality.run, "Running the rules"),
    Screen("GET", "/lineage", "look", lineage.show, "Lineage"),
    Screen("GET", "/sources", "look", sources.show, "Sources"),
    Screen("GET", "/schemas", "look", schemas.index, "Schemas"),
    Screen("GET", "/schemas/{schema}", "look", schemas.show, "A schema"),
    Screen("POST", "/schemas/{schema}/propose", "look", schemas.propose, "Proposing"),
    Screen("GET", "/settings", "look", settings.show, "Settings"),
    Screen("POST", "/settings/look", "look", settings.look, "Appearance"),
    Screen("POST", "/settings/keys", "keys", settings.create_key, "Creating keys"),
    Screen("POST", "/settings/keys/{key}/revoke", "keys", settings.revoke_key, "Revoking keys"),
)
