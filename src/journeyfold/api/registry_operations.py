"""The operations of the schema registry's face, as rows of the table (quality Q10)."""

from __future__ import annotations

from journeyfold.api import registry, registry_writing, schemas
from journeyfold.api.operation import Operation
from journeyfold.project.schema_cards import SchemaSheet

_SCOPE = "project:write"
_SUBJECT = "/registry/subjects/{subject}"
_JUDGED = "/registry/compatibility/subjects/{subject}/versions/{version}"

REGISTRY: tuple[Operation, ...] = (
    Operation(
        id="schemas", method="GET", path="/v1/schemas", scope=_SCOPE,
        summary="Events with their schemas, and how many messages broke them.",
        answer=schemas.answer_schemas, reply=schemas.SchemasBody,
    ),
    Operation(
        id="schema", method="GET", path="/v1/schemas/{schema}", scope=_SCOPE,
        summary="One event: versions, what each changed, and where messages fail by field.",
        answer=schemas.answer_schema, reply=SchemaSheet, statuses=(404,),
    ),
    Operation(
        id="registrySubjects", method="GET", path="/registry/subjects", scope=_SCOPE,
        summary="Events with a published schema.",
        answer=registry.answer_subjects, reply=list[str],
    ),
    Operation(
        id="registryVersions", method="GET", path=f"{_SUBJECT}/versions", scope=_SCOPE,
        summary="Published versions of a subject.",
        answer=registry.answer_versions, reply=list[int], statuses=(404,),
    ),
    Operation(
        id="registryVersion", method="GET", path=f"{_SUBJECT}/versions/{{version}}", scope=_SCOPE,
        summary="One version, or `latest`.",
        answer=registry.answer_version, reply=registry.SchemaVersion, statuses=(404, 422),
    ),
    Operation(
        id="registryRegister", method="POST", path=f"{_SUBJECT}/versions", scope=_SCOPE,
        summary="Publish a schema as the next version of a subject; the same content again is the "
        "version it has.", body_max=512 * 1024,
        answer=registry_writing.answer_register, body=registry.SchemaRequest,
        reply=registry_writing.SchemaNumber, statuses=(409, 422),
    ),
    Operation(
        id="registryLookUp", method="POST", path=_SUBJECT, scope=_SCOPE,
        summary="The version of a subject that has this very content.", body_max=512 * 1024,
        answer=registry.answer_look_up, body=registry.SchemaRequest,
        reply=registry.SchemaVersion, statuses=(404,),
    ),
    Operation(
        id="registrySchema", method="GET", path="/registry/schemas/ids/{id}", scope=_SCOPE,
        summary="A schema by its number, as it stands in front of records on topics.",
        answer=registry.answer_by_id, reply=registry.SchemaText, statuses=(404,),
    ),
    Operation(
        id="registryTypes", method="GET", path="/registry/schemas/types", scope=_SCOPE,
        summary="Which languages of schemas are known.",
        answer=registry.answer_types, reply=list[str],
    ),
    Operation(
        id="registryCompatible", method="POST", path=_JUDGED, scope=_SCOPE,
        summary="Whether a schema may follow one version, or with `latest` all that count.",
        answer=registry.answer_compatible, body=registry.SchemaRequest, body_max=512 * 1024,
        reply=registry.Compatible, statuses=(404, 422),
    ),
    Operation(
        id="registryConfig", method="GET", path="/registry/config", scope=_SCOPE,
        summary="The compatibility mode for all subjects.",
        answer=registry.answer_config, reply=registry.ConfigBody,
    ),
    Operation(
        id="registrySetConfig", method="PUT", path="/registry/config", scope=_SCOPE,
        summary="Choose the compatibility mode for all subjects.",
        answer=registry_writing.answer_set_config, body=registry_writing.ModeBody,
        reply=registry_writing.ModeBody, statuses=(409, 422),
    ),
    Operation(
        id="registrySetSubjectConfig", method="PUT", path="/registry/config/{subject}",
        scope=_SCOPE, summary="Choose the mode of one subject.",
        answer=registry_writing.answer_set_subject_config, body=registry_writing.ModeBody,
        reply=registry_writing.ModeBody, statuses=(404, 409, 422),
    ),
    Operation(
        id="registrySubjectConfig", method="GET", path="/registry/config/{subject}", scope=_SCOPE,
        summary="The mode of one subject.", query=registry.ConfigQuery,
        answer=registry.answer_subject_config, reply=registry.ConfigBody, statuses=(404,),
    ),
)  # fmt: skip
