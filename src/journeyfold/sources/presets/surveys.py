"""`preset: surveys`: answers to NPS and CSAT questions → `Survey Answered`.

Expects `response_id, answered_at, email, survey, kind, score, comment`. `kind` is `nps` (0 to 10) or
`csat` (1 to 5); the group that a score belongs to comes with it.
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Branch, Fields, Filtered

surveys = filling(
    Fields(
        id=("response_id",),
        occurred="row.answered_at",
        identifiers={"email": "row.email"},
        properties={
            "survey": "row.survey",
            "kind": "lower(row.kind)",
            "score": "row.score",
            "comment": "row.comment",
            "promoter": 'lower(row.kind) == "nps" and row.score >= 9',
            "detractor": 'lower(row.kind) == "nps" and row.score <= 6',
            "satisfied": 'lower(row.kind) == "csat" and row.score >= 4',
        },
    ),
    map=(
        Branch(when="row.score is None", filter=Filtered("filtered", "no_score")),
        Branch(
            when='lower(row.kind) == "nps" and (row.score < 0 or row.score > 10)',
            filter=Filtered("quarantined", "score_out_of_range"),
        ),
        Branch(
            when='lower(row.kind) == "csat" and (row.score < 1 or row.score > 5)',
            filter=Filtered("quarantined", "score_out_of_range"),
        ),
        Branch(event="Survey Answered"),
    ),
    stages=("retention", "advocacy"),
)
