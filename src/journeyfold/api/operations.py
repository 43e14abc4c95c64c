"""Every operation of the API in one table: the router and the OpenAPI document read it.

Scopes are those of trust SEC-6. A write key enters where `is_public` stands, and there it speaks
for its own anonymous visitor only.
"""

from __future__ import annotations

from journeyfold.api import (
    cleaning,
    consents,
    decide,
    decisions,
    erase,
    expose,
    identity,
    intake,
    journeys,
    openapi,
    outbox,
    people,
    quality,
    reports,
    segments,
    stream,
    syncs,
    tail,
    templates,
)
from journeyfold.api import wire_decide as d
from journeyfold.api import wire_people as p
from journeyfold.api.audits import AUDITS
from journeyfold.api.auth import ADMIN_SCOPE
from journeyfold.api.cards import Checked, Previewed, Replayed
from journeyfold.api.hub import Triggered
from journeyfold.api.operation import Answered, Call, Operation, reply
from journeyfold.api.registry_operations import REGISTRY
from journeyfold.api.wire import IdentifierBody, Page, Taken
from journeyfold.core.decision import Decision

DECIDE, PROFILES, SEGMENTS, COLLECT, WRITE = (
    "decide", "profiles:read", "segments:read", "collect", "project:write",
)  # fmt: skip
SERVER_SCOPES = (COLLECT, DECIDE, PROFILES, SEGMENTS, WRITE)
"""What a server key is made with unless its maker says less."""

BATCH_BYTES_MAX = 512 * 1024


async def _answer_openapi(_call: Call) -> Answered:
    return reply(openapi.document(OPERATIONS))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="decide", method="POST", path="/v1/decide", scope=DECIDE, is_public=True,
        summary="Decide what a person sees at one or more placements, now.",
        answer=decide.answer_decide, body=d.DecideRequest, reply=Decision,
        statuses=(404, 409, 503),
    ),
    Operation(
        id="decideBatch", method="POST", path="/v1/decide/batch", scope=DECIDE,
        summary="Decide the same placements for up to 500 subjects.",
        answer=decisions.answer_batch, body=d.DecideBatchRequest, reply=d.DecideBatchReply,
        body_max=BATCH_BYTES_MAX, statuses=(404, 409, 503),
    ),
    Operation(
        id="decision", method="GET", path="/v1/decisions/{decision}", scope=PROFILES,
        summary="A recorded decision with every reason.",
        answer=decisions.answer_decision, reply=d.DecisionRecord, statuses=(404,),
    ),
    Operation(
        id="expose", method="POST", path="/v1/expose", scope=DECIDE, is_public=True,
        summary="Somebody saw an item; counted once.",
        answer=expose.answer_expose, body=d.ExposeRequest, reply=Taken, statuses=(503,),
    ),
    Operation(
        id="stream", method="GET", path="/v1/stream", scope=DECIDE, is_public=True,
        summary="Server-sent events: placements to decide now.", key_in_query=True, is_stream=True,
        answer=stream.answer_stream, query=stream.StreamQuery, reply=Triggered,
        statuses=(503,),
    ),
    Operation(
        id="streamPoll", method="GET", path="/v1/stream/poll", scope=DECIDE, is_public=True,
        summary="The same for pages that cannot keep a stream open.", key_in_query=True,
        answer=stream.answer_poll, query=stream.StreamQuery, reply=stream.PollBody,
    ),
    Operation(
        id="lookupPerson", method="POST", path="/v1/people/lookup", scope=PROFILES,
        summary="The person who has an identifier.",
        answer=people.answer_lookup, body=IdentifierBody, reply=p.PersonFound, statuses=(404,),
    ),
    Operation(
        id="person", method="GET", path="/v1/people/{person}", scope=PROFILES,
        summary="What is known about a person, or was at a record, with where it came from.",
        answer=people.answer_person, query=p.AsOf, reply=p.PersonBody, statuses=(404, 503),
    ),
    Operation(
        id="personRecords", method="GET", path="/v1/people/{person}/records", scope=PROFILES,
        summary="The records of a person, newest first.",
        answer=people.answer_records, query=Page, reply=p.RecordsBody, statuses=(404,),
    ),
    Operation(
        id="personIdentity", method="GET", path="/v1/people/{person}/identity", scope=PROFILES,
        summary="Identifiers of a person and the evidence that joins them.",
        answer=people.answer_identity, reply=p.IdentityBody, statuses=(404,),
    ),
    Operation(
        id="erasePerson", method="POST", path="/v1/people/{person}/erase", scope=ADMIN_SCOPE,
        summary="Forget a person; a dry run says what would go.",
        answer=erase.answer_erase, body=erase.EraseRequest, reply=erase.ErasureBody,
        statuses=(404, 503),
    ),
    Operation(
        id="identityWhy", method="POST", path="/v1/identity/why", scope=PROFILES,
        summary="Why two identifiers are one person, or are not.",
        answer=people.answer_why, body=p.WhyRequest, reply=p.WhyBody, statuses=(503,),
    ),
    *AUDITS,
    *identity.OPERATIONS,
    Operation(
        id="consents", method="POST", path="/v1/consents", scope=COLLECT, is_public=True,
        summary="State what a person consents to.",
        answer=consents.answer_consents, body=p.ConsentsRequest, reply=Taken, statuses=(503,),
    ),
    Operation(
        id="segments", method="GET", path="/v1/segments", scope=SEGMENTS,
        summary="Segments with their conditions and sizes.",
        answer=segments.answer_segments, reply=segments.SegmentsBody,
    ),
    Operation(
        id="segmentMembers", method="GET", path="/v1/segments/{segment}/members", scope=SEGMENTS,
        summary="People in a segment, by page.",
        answer=segments.answer_members, query=segments.MembersPage, reply=segments.MembersBody,
        statuses=(404,),
    ),
    Operation(
        id="addSegmentMembers", method="POST", path="/v1/segments/{segment}/members", scope=WRITE,
        summary="Put people into a manual segment.",
        answer=segments.answer_add, body=segments.ManualMembers, reply=Taken,
        statuses=(404, 409, 503),
    ),
    Operation(
        id="removeSegmentMembers", method="DELETE", path="/v1/segments/{segment}/members",
        summary="Take people out of a manual segment.", scope=WRITE,
        answer=segments.answer_remove, body=segments.ManualMembers, reply=Taken,
        statuses=(404, 409, 503),
    ),
    Operation(
        id="checkCondition", method="POST", path="/v1/conditions/check", scope=SEGMENTS,
        summary="Check a condition and estimate whom it holds for.",
        answer=segments.answer_check, body=segments.ConditionRequest, reply=Checked,
    ),
    Operation(
        id="enterJourney", method="POST", path="/v1/journeys/{journey}/enter", scope=COLLECT,
        summary="Let a person into a journey that has an entry `api: true`.",
        answer=journeys.answer_enter, body=journeys.EnterRequest, reply=Taken,
        statuses=(404, 409, 503),
    ),
    Operation(
        id="journeyInstances", method="GET", path="/v1/journeys/{journey}/instances",
        summary="Where a person is in a journey.", scope=PROFILES,
        answer=journeys.answer_instances, query=journeys.OfPerson, reply=journeys.InstancesBody,
        statuses=(404,),
    ),
    Operation(
        id="pauseJourney", method="POST", path="/v1/journeys/{journey}/pause", scope=WRITE,
        summary="Nobody enters and nobody takes a step until it is resumed.",
        answer=journeys.answer_control("pause"), body=journeys.ControlRequest,
        is_body_optional=True,
        reply=journeys.Controlled, statuses=(404, 503),
    ),
    Operation(
        id="resumeJourney", method="POST", path="/v1/journeys/{journey}/resume", scope=WRITE,
        summary="Go on; waits count from now.",
        answer=journeys.answer_control("resume"), body=journeys.ResumeRequest,
        is_body_optional=True,
        reply=journeys.Controlled, statuses=(404, 503),
    ),
    Operation(
        id="drainJourney", method="POST", path="/v1/journeys/{journey}/drain", scope=WRITE,
        summary="Nobody enters; who is in finishes.",
        answer=journeys.answer_control("drain"), body=journeys.ControlRequest,
        is_body_optional=True,
        reply=journeys.Controlled, statuses=(404, 503),
    ),
    Operation(
        id="stopJourney", method="POST", path="/v1/journeys/{journey}/stop", scope=WRITE,
        summary="Nobody enters; everybody in it leaves at once.",
        answer=journeys.answer_control("stop"), body=journeys.ControlRequest,
        is_body_optional=True,
        reply=journeys.Controlled, statuses=(404, 503),
    ),
    Operation(
        id="migrateJourney", method="POST", path="/v1/journeys/{journey}/migrate", scope=WRITE,
        summary="Take who is in older versions over to the one in force.",
        answer=journeys.answer_control("migrate"), body=journeys.ControlRequest,
        is_body_optional=True,
        reply=journeys.Controlled, statuses=(404, 503),
    ),
    Operation(
        id="journeyReport", method="GET", path="/v1/journeys/{journey}/report", scope=SEGMENTS,
        summary="What became of a journey: steps, reasons, arms, messages, and the lift.",
        answer=reports.answer_journey, reply=reports.JourneyReportBody, statuses=(404,),
    ),
    Operation(
        id="messagesReport", method="GET", path="/v1/messages/report", scope=SEGMENTS,
        summary="What became of the messages of journeys, and of all journeys of a stage.",
        answer=reports.answer_messages, query=reports.MessagesQuery,
        reply=reports.MessagesReportBody, statuses=(404,),
    ),
    Operation(
        id="outbox", method="GET", path="/v1/outbox", scope=PROFILES,
        summary="Deliveries that wait, are on their way, unknown or dead, and how many of each.",
        answer=outbox.answer_list, query=outbox.OutboxQuery, reply=outbox.OutboxBody, statuses=(503,),
    ),
    Operation(
        id="retryOutbox", method="POST", path="/v1/outbox/retry", scope=WRITE,
        summary="Send dead rows again, and those that wait at once.",
        answer=outbox.answer_act("retry"), body=outbox.OutboxRequest, reply=outbox.OutboxDone,
        statuses=(503,),
    ),
    Operation(
        id="resendOutbox", method="POST", path="/v1/outbox/resend", scope=WRITE,
        summary="Send again, those too of which nobody knows whether they arrived.",
        answer=outbox.answer_act("resend"), body=outbox.OutboxRequest, reply=outbox.OutboxDone,
        statuses=(503,),
    ),
    Operation(
        id="dropOutbox", method="POST", path="/v1/outbox/drop", scope=WRITE,
        summary="Give rows up; they are never sent.",
        answer=outbox.answer_act("drop"), body=outbox.OutboxRequest, reply=outbox.OutboxDone,
        statuses=(503,),
    ),
    Operation(
        id="destinations", method="GET", path="/v1/destinations", scope=WRITE,
        summary="Where deliveries go: what waits, the breaker, and why one is paused.",
        answer=outbox.answer_destinations, reply=outbox.DestinationsBody, statuses=(503,),
    ),
    Operation(
        id="pauseDestination", method="POST", path="/v1/destinations/{destination}/pause",
        summary="Give it nothing more; rows wait.", scope=WRITE,
        answer=outbox.answer_destination("pause"), body=outbox.DestinationRequest,
        is_body_optional=True,
        reply=outbox.DestinationDone, statuses=(404, 503),
    ),
    Operation(
        id="resumeDestination", method="POST", path="/v1/destinations/{destination}/resume",
        summary="Go on after it was mended.", scope=WRITE,
        answer=outbox.answer_destination("resume"), body=outbox.DestinationRequest,
        is_body_optional=True,
        reply=outbox.DestinationDone, statuses=(404, 503),
    ),
    Operation(
        id="syncs", method="GET", path="/v1/syncs", scope=WRITE,
        summary="Audiences kept in step elsewhere, and how their last run went.",
        answer=syncs.answer_syncs, reply=syncs.SyncsBody,
    ),
    Operation(
        id="runSync", method="POST", path="/v1/syncs/{sync}/run", scope=WRITE,
        summary="Run a sync now; confirm one that has stopped.",
        answer=syncs.answer_run, body=syncs.SyncRequest, reply=syncs.SyncAsked,
        statuses=(404, 503),
    ),
    Operation(
        id="cleaned", method="GET", path="/v1/quality/cleaning", scope=WRITE,
        summary="Values that cleaning changed or could not read, by source, field and cleaner.",
        answer=cleaning.answer_cleaned, reply=cleaning.CleanedBody,
    ),
    Operation(
        id="taxonomyMisses", method="GET", path="/v1/taxonomies/misses", scope=WRITE,
        summary="Values that no taxonomy knows, with the terms most like them.",
        answer=cleaning.answer_misses, reply=cleaning.MissesBody,
    ),
    Operation(
        id="quality", method="GET", path="/v1/quality", scope=WRITE,
        summary="How good recorded data is: scores, rules, freshness, open alerts.",
        answer=quality.answer_quality, reply=quality.QualityBody,
    ),
    Operation(
        id="qualityResults", method="GET", path="/v1/quality/results", scope=WRITE,
        summary="What one rule found of one source, day by day, newest first.",
        answer=quality.answer_results, query=quality.ResultsQuery, reply=quality.ResultsBody,
        statuses=(404,),
    ),
    Operation(
        id="runQuality", method="POST", path="/v1/quality/run", scope=WRITE,
        summary="Run all rules now, beside the platform.",
        answer=quality.answer_run, reply=quality.QualityAsked, statuses=(404,),
    ),
    Operation(
        id="sources", method="GET", path="/v1/sources", scope=WRITE,
        summary="Who sends, how much and how fresh; the inventory with its gaps.",
        answer=intake.answer_sources, reply=intake.SourcesBody,
    ),
    Operation(
        id="quarantine", method="GET", path="/v1/quarantine", scope=PROFILES,
        summary="Messages that wait for a fix, newest first.",
        answer=intake.answer_held, query=intake.HeldPage, reply=intake.HeldListBody,
    ),
    Operation(
        id="quarantineReasons", method="GET", path="/v1/quarantine/reasons", scope=WRITE,
        summary="Why messages wait.",
        answer=intake.answer_reasons, reply=intake.ReasonsBody,
    ),
    Operation(
        id="replayQuarantine", method="POST", path="/v1/quarantine/replay", scope=WRITE,
        summary="Admit quarantined messages again under today's plan.",
        answer=intake.answer_replay, body=intake.ReplayRequest, reply=Replayed, statuses=(503,),
    ),
    Operation(
        id="previewQuarantine", method="POST", path="/v1/quarantine/preview", scope=WRITE,
        summary="What a replay would do under the project as its files are now.",
        answer=intake.answer_preview, body=intake.HeldChoice, reply=Previewed,
        statuses=(503,),
    ),
    Operation(
        id="dropQuarantine", method="POST", path="/v1/quarantine/drop", scope=WRITE,
        summary="Give quarantined messages up; their contents are gone for good.",
        answer=intake.answer_drop, body=intake.HeldChoice, reply=intake.DroppedBody,
        statuses=(503,),
    ),
    Operation(
        id="quarantined", method="GET", path="/v1/quarantine/{held}", scope=PROFILES,
        summary="One message in quarantine.",
        answer=intake.answer_held_one, reply=intake.HeldBody, statuses=(404,),
    ),
    *REGISTRY,
    Operation(
        id="previewTemplate", method="POST", path="/v1/templates/{template}/preview",
        scope=PROFILES, summary="A message as one person would get it now.",
        answer=templates.answer_preview, body=templates.PreviewRequest,
        reply=templates.PreviewBody, statuses=(404,),
    ),
    Operation(
        id="tail", method="GET", path="/v1/tail", scope=PROFILES, is_stream=True,
        summary="Server-sent events: records as the log takes them in.",
        answer=tail.answer_tail, query=tail.TailQuery, reply=tail.TailBody,
    ),
    Operation(
        id="openapi", method="GET", path="/openapi.json",
        summary="This document.", answer=_answer_openapi, reply=dict,
    ),
)  # fmt: skip
