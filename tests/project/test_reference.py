"""The reference pages say what the code says: every key, every code, current schemas."""

import re
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from msgspec import inspect as types

from journeyfold.activate.destination import Destined
from journeyfold.activate.destinations import kinds as destinations
from journeyfold.project.kinds import KINDS
from journeyfold.project.scaffold import template_files
from journeyfold.project.schema import schemas, text_of
from journeyfold.project.type_words import bare
from journeyfold.project.yaml_text import read_yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "project.md").read_text()
CODE = re.compile(r'"([PT]1\d\d)"')


def section(heading):
    after = PAGE.partition(f"\n## {heading}\n")[2]
    return after.partition("\n## ")[0]


def keys_of(kind, seen):
    kind = bare(kind)
    if isinstance(kind, types.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.encode_name
            yield from keys_of(field.type, seen)
    for name in ("item_type", "value_type"):
        if hasattr(kind, name):
            yield from keys_of(getattr(kind, name), seen)
    for name in ("types", "item_types"):
        for inner in getattr(kind, name, ()):
            yield from keys_of(inner, seen)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_key_of_a_kind_is_documented(kind):
    text = section(kind.pattern)
    assert text, f"docs/reference/project.md has no section {kind.pattern}"
    words = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`[^`]+`", text))))
    struct = Destined if kind.types else kind.struct
    missing = sorted(set(keys_of(types.type_info(struct), set())) - words)
    assert missing == []


@pytest.mark.parametrize("name", destinations())
def test_every_key_of_a_destination_is_documented(name):
    page = (ROOT / "docs" / "reference" / "destinations.md").read_text()
    text = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert text, f"docs/reference/destinations.md has no section {name}"
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]+`", text))))
    common = set(keys_of(types.type_info(Destined), set()))
    own = set(keys_of(types.type_info(destinations()[name]), set()))
    assert sorted(own - common - words) == []


def test_every_code_is_documented():
    used = set()
    folders = ("project", "journey")
    for path in (p for f in folders for p in (ROOT / "src" / "journeyfold" / f).glob("*.py")):
        used |= set(CODE.findall(path.read_text()))
    documented = set(re.findall(r"^\| ([PT]\d+) \|", PAGE, re.MULTILINE))
    assert used == documented


@pytest.mark.parametrize("name", schemas())
def test_the_published_schema_is_current(name):
    path = ROOT / "docs" / "reference" / "schemas" / name
    assert path.read_bytes() == text_of(schemas()[name]), (
        "run: python -m journeyfold.project.schema docs/reference/schemas"
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_published_schema_takes_the_shop(kind):
    schema = msgspec.json.decode(text_of(schemas()[f"{kind.name}.schema.json"]))
    validator = jsonschema_rs.validator_for(schema)
    pattern = re.compile(re.escape(kind.pattern).replace(r"\*", "[^/]+"))
    for path, text in template_files("shop").items():
        if pattern.fullmatch(path):
            value = read_yaml(path, text).value
            assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_published_schema_refuses_an_unknown_key(kind):
    schema = msgspec.json.decode(text_of(schemas()[f"{kind.name}.schema.json"]))
    value = [{"nmae": 1}] if kind.name == "tests" else {"nmae": 1}
    assert not jsonschema_rs.validator_for(schema).is_valid(value)
