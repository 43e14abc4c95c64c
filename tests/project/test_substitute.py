import pytest

from journeyfold.core.errors import UsageError
from journeyfold.project.substitute import reference_problems, substitute
from journeyfold.project.yaml_text import read_yaml


def no_file(name):
    raise FileNotFoundError(2, "No such file or directory", name)


def test_references_are_replaced_by_their_values():
    text = substitute("${env:HOME_OF_DATA}/x.csv", {"HOME_OF_DATA": "/d"}, no_file)
    assert text == "/d/x.csv"


def test_a_file_gives_its_text_without_the_last_line_end():
    assert substitute("${file:key}", {}, {"key": "secret\n"}.__getitem__) == "secret"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${env:MISSING}", "the environment variable MISSING is not set"),
        ("${file:nowhere}", "the file nowhere cannot be read: No such file"),
        ("${shell:ls}", "is no reference"),
        ("${}", "is no reference"),
    ],
)
def test_what_is_not_there_is_one_sentence(text, words):
    with pytest.raises(UsageError, match=words.replace("$", r"\$")):
        substitute(text, {}, no_file)


def found(text, kind="source"):
    document = read_yaml("a.yaml", text)
    return [(p.code, p.column) for p in reference_problems(document, kind)]


def test_paths_and_secrets_may_hold_references():
    assert found("read: {csv: '${env:A}/x'}\nwebhook: {secrets: ['${file:s}']}") == []


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("owner: 'x ${env:A}'", "source", ("P121", 11)),
        ("title: '${env:A}'", "offer", ("P121", 9)),
        ("read: {csv: '${env:A'}", "source", ("P121", 13)),
        ("read: {csv: '${var:A}'}", "source", ("P121", 14)),
        ("webhook: {secrets: [hunter2]}", "source", ("P122", 21)),
        ("keys: [jf_srv_live_x]", "source", ("P122", 8)),
    ],
)
def test_references_out_of_place_and_literal_secrets_are_problems(text, kind, problem):
    assert found(text, kind) == [problem]
