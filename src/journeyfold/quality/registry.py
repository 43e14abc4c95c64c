"""The schema registry: what an event of each name looks like (quality Q01 to Q08).

A schema describes `properties` (of identify: `traits`), not the envelope. Valid events cost one
compiled check; only an invalid one is walked for its findings. Patterns run in a linear-time
engine, references stay inside the project, and values never stand in a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

import jsonschema_rs
import msgspec

from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Event, Json
from journeyfold.quality.schema_file import SchemaFile, parse_all
from journeyfold.quality.schema_types import types_of

VIOLATIONS_MAX = 20


class Violation(msgspec.Struct, frozen=True):
    """One place where an event and its schema disagree; never the value itself (Q07)."""

    code: str
    pointer: str
    detail: str
    schema_pointer: str = ""


class Schema:
    """One version of one event's schema, compiled."""

    def __init__(self, file: SchemaFile, validator: jsonschema_rs.Validator) -> None:
        self.stem = file.stem
        self.name = file.name
        self.type = file.type
        self.version = file.version
        self.owner = file.owner
        self.purposes = file.purposes
        self.invalid = file.invalid
        self.aliases = file.aliases
        self.document = file.document
        self.types = types_of(file.document)
        properties = file.document.get("properties")
        self.declared = frozenset(properties) if isinstance(properties, dict) else frozenset()
        self._section = "traits" if file.type == "identify" else "properties"
        self._validator = validator
        self._is_valid = validator.is_valid

    def described(self, event: Event) -> dict[str, Json]:
        """The part of an event that the schema is about (Q02)."""
        return event.traits if self._section == "traits" else event.properties

    def pointer(self, key: str) -> str:
        return "/" + self._section + _escaped(key)

    def undeclared(self, event: Event) -> list[str]:
        """Top-level keys the schema does not name, in the event's order."""
        described = self.described(event)
        if self.declared.issuperset(described):
            return []
        return [key for key in described if key not in self.declared]

    def stripped(self, event: Event) -> Event:
        """The event without what the schema does not name (collect C29)."""
        kept = {key: value for key, value in self.described(event).items() if key in self.declared}
        if self._section == "traits":
            return msgspec.structs.replace(event, traits=kept)
        return msgspec.structs.replace(event, properties=kept)

    def violations(self, event: Event) -> tuple[Violation, ...]:
        """Nothing for a valid event, at once; else at most 20 findings."""
        described = self.described(event)
        if self._is_valid(described):
            return ()
        errors = islice(self._validator.iter_errors(described), VIOLATIONS_MAX)
        return tuple(self._violation(error) for error in errors)

    def _violation(self, error: jsonschema_rs.ValidationError) -> Violation:
        place = "".join(_escaped(str(part)) for part in (*error.instance_path, *_named(error)))
        where = "".join(_escaped(str(part)) for part in error.schema_path)
        return Violation("schema", f"/{self._section}{place}", _said(error), where)


class Registry:
    """All schemas of a project; the newest version of a subject judges unless one is named."""

    def __init__(self, schemas: Iterable[Schema] = ()) -> None:
        self._versions: dict[tuple[str, str], dict[int, Schema]] = {}
        self._newest: dict[tuple[str, str], Schema] = {}
        self._by_alias: dict[str, Schema] = {}
        for schema in sorted(schemas, key=lambda each: each.version):
            subject = (schema.type, schema.name)
            self._versions.setdefault(subject, {})[schema.version] = schema
            self._newest[subject] = schema
            self._by_alias.update(dict.fromkeys(schema.aliases, schema))

    @property
    def event_names(self) -> frozenset[str]:
        """Names the project declares."""
        return frozenset(name for _, name in self._newest)

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """Every version of every subject, by name and version."""
        return tuple(
            versions[number]
            for _, versions in sorted(self._versions.items())
            for number in sorted(versions)
        )

    def schema_for(self, event: Event) -> Schema | None:
        """The version that `context.schema` names, else the newest (Q03)."""
        subject = (event.type, event.name)
        if (named := event.context.get("schema")) is not None:
            return self._named(subject, named)
        return self._newest.get(subject)

    def validate(self, event: Event) -> tuple[str | None, tuple[Violation, ...]]:
        """(stem of the schema used, findings); (None, ()) when no schema has the name."""
        schema = self.schema_for(event)
        return (schema.stem, schema.violations(event)) if schema else (None, ())

    def property_types(self, name: str) -> dict[str, str]:
        """Dotted path → type of the condition language, of every version; the newest wins.

        An object's members stand as `address.city`, a list's items as `products[].sku`.
        """
        found: dict[str, str] = {}
        for (kind, subject), versions in self._versions.items():
            if subject == name and kind != "identify":
                for number in sorted(versions):
                    found |= versions[number].types
        return found

    def trait_types(self) -> dict[str, str]:
        """The same for traits, from the identify schemas."""
        found: dict[str, str] = {}
        for (kind, _), versions in self._versions.items():
            if kind == "identify":
                for number in sorted(versions):
                    found |= versions[number].types
        return found

    def _named(self, subject: tuple[str, str], named: Json) -> Schema | None:
        if isinstance(named, str) and named in self._by_alias:
            return self._by_alias[named]
        text = str(named).rpartition(".")[2]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        return self._versions.get(subject, {}).get(number) or self._newest.get(subject)


def load_registry(files: Mapping[str, str]) -> Registry:
    """`schemas/<slug>.<version>.json` → its text; raises ProjectError with every problem."""
    parsed, problems = parse_all(files)
    schemas = []
    for file in parsed:
        compiled = file.compiled(parsed)
        if isinstance(compiled, jsonschema_rs.Validator):
            schemas.append(Schema(file, compiled))
        else:
            problems.append(compiled)
    if problems:
        raise ProjectError(sorted(problems, key=lambda each: (each.file, each.line)))
    return Registry(schemas)


def _named(error: jsonschema_rs.ValidationError) -> tuple[str, ...]:
    """The property a finding is about when it is not there, or should not be."""
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=missing):
            return (str(missing),)
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=strange):
            return (str(strange[0]),)
    return ()


def _said(error: jsonschema_rs.ValidationError) -> str:
    """What was asked, without what was sent: constraints come from the schema, values do not."""
    keyword, asked = error.kind.name, error.kind.value
    if keyword == "required":
        return "required, but missing"
    if keyword == "additionalProperties":
        return "not declared, and the schema allows nothing else"
    return f"{keyword} {msgspec.json.encode(asked).decode()}"[:200]


def _escaped(part: str) -> str:
    return "/" + part.replace("~", "~0").replace("/", "~1")
