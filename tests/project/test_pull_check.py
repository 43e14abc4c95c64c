"""What sources pull over the network can be carried out, or `check` says why not."""

import pytest

from journeyfold.project.check import check
from journeyfold.project.load import load

FIELDS = "fields: {id: [id], occurred: row._at, identifiers: {user_id: row.id}}\n"
REST = "kind: import\nmap: [{type: identify}]\n"
OAUTH2 = "{token_url: 'http://10.0.0.1/', client_id: a, client_secret: '${env:S}'}"
CURSOR = "cursor: {column: at, key: id}\n"


def found(text):
    files = {"journeyfold.yaml": "name: shop\n", "sources/crm.yaml": text}
    try:
        problems = check(load(files))
    except Exception as error:
        problems = error.problems
    return [(each.code, str(each)) for each in problems if each.severity == "error"]


def codes(read, rest=REST + FIELDS):
    return [code for code, _ in found(f"{rest}read: {{{read}}}\n")]


@pytest.mark.parametrize(
    "read",
    [
        "sql: {url: '${env:CRM_URL}', table: t}", "sql: {url: 'sqlite:///a.db', query: SELECT 1}",
        "sql: {url: 'postgresql://shop:${env:P}@db/crm', table: t, mode: snapshot, key: [id]}",
        "http: {url: 'https://api.example.com/v1', auth: {bearer: '${env:T}'}}",
        "http: {url: '${env:API}/v1', headers: {x-api-key: '${env:T}'}}",
    ],
)  # fmt: skip
def test_what_can_be_asked_is_fine(read):
    assert codes(read) == []


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ("sql: {url: 'postgresql://shop:hush@db/crm', table: t}", "P122"),
        ("http: {url: 'https://api.example.com', auth: {bearer: hush}}", "P122"),
        ("http: {url: 'https://api.example.com', headers: {authorization: hush}}", "P122"),
        ("http: {url: 'https://api.example.com', params: {api_key: hush}}", "P122"),
        ("http: {url: 'http://169.254.169.254/latest'}", "P137"),
        (f"http: {{url: 'https://api.example.com', auth: {{oauth2: {OAUTH2}}}}}", "P137"),
        ("sql: {url: 'sqlite:///a.db', table: t, mode: incremental}", "P112"),
        ("sql: {url: 'sqlite:///a.db'}", "P114"),
        ("sql: {url: 'sqlite:///a.db', table: t, query: SELECT 1}", "P114"),
        ("sql: {url: 'sqlite:///a.db', table: t, mode: snapshot}", "P114"),
        ("sql: {url: 'sqlite:///a.db', tabel: t}", "P110"),
        ("http: {url: 'https://a.example', paging: {cursor: {param: a}}}", "P114"),
        ("http: {url: 'https://a.example', paging: {link_header: true, next_link: a}}", "P114"),
        ("http: {url: 'https://a.example', auth: {}}", "P114"),
        ("http: {url: 'https://a.example', params: {since: '{since}'}}", "P114"),
        ("http: {url: 'https://a.example', timeout: soon}", "P114"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(read, code):
    assert code in codes(read)


def test_a_key_that_is_misspelt_is_suggested():
    ((_, told),) = found(f"{REST}{FIELDS}read: {{sql: {{url: 'sqlite:///a.db', tabel: t}}}}\n")[:1]
    assert "unknown key 'tabel'" in told
    assert "did you mean 'table'?" in told


def test_rows_of_a_server_need_an_id_of_their_own():
    text = REST + FIELDS.replace("id: [id], ", "")
    assert codes("sql: {url: 'sqlite:///a.db', table: t}", text) == ["P112"]
    assert codes("sql: {url: 'sqlite:///a.db', table: t, mode: snapshot, key: [id]}", text) == []


def test_a_cursor_and_since_go_together():
    http = "url: 'https://a.example', params: {s: '{since}'}, since: {}"
    assert codes(f"http: {{{http}}}") == ["P112"]
    assert codes(f"http: {{{http}}}", REST + FIELDS + CURSOR) == []
    assert codes("http: {url: 'https://a.example'}", REST + FIELDS + CURSOR) == ["P112"]


def test_rows_are_grouped_only_where_all_are_read():
    grouped = REST + FIELDS + "group: [id]\n"
    assert codes("sql: {url: 'sqlite:///a.db', table: t}", grouped) == []
    assert codes("sql: {url: 'sqlite:///a.db', table: t}", grouped + CURSOR) == ["P114"]
    assert codes("http: {url: 'https://a.example'}", grouped) == ["P114"]


@pytest.mark.parametrize(
    ("kind", "schedule", "told"),
    [
        ("import", "often", "write 15m, hourly, daily 05:30"),
        ("server", "15m", "is for `kind: import`"),
    ],
)
def test_a_schedule_that_never_comes_is_told(kind, schedule, told):
    read = "read: {csv: a.csv}\n" if kind == "import" else ""
    problems = found(f"kind: {kind}\nschedule: {schedule}\n{read}")
    assert any(told in text for _, text in problems)
