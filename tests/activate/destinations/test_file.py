"""The file destination: directories, and a bucket of an object store."""

import csv
import io
import os

import msgspec
import pytest
from pyarrow import parquet
from servers.bucket import object_store
from servers.given import event, opened, removal, row

from journeyfold.activate.destinations.file import File
from journeyfold.core.chance import draw_64

KEYS = {"access_key": "me", "secret": "${env:S3}"}


@pytest.fixture(scope="module")
def endpoint():
    with object_store() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(endpoint, request):
    from pyarrow.fs import S3FileSystem

    scheme, _, host = endpoint.partition("://")
    files = S3FileSystem(
        access_key="me", secret_key="s", endpoint_override=host, scheme=scheme,
        region="us-east-1", allow_bucket_creation=True,
    )  # fmt: skip
    name = f"orders-{draw_64('sample', 'bucket', request.node.name):x}"
    files.create_dir(name)
    return name, files


def written(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def deliver(destined, parcels, root):
    with opened(destined, root / "data") as destination:
        return destination.deliver(parcels)


def test_a_call_is_a_file_of_lines_under_the_day_of_its_facts(tmp_path):
    outcomes = deliver(File(path="out"), [event("e1", total=89.0), event("e2")], tmp_path)
    assert [each.status for each in outcomes] == ["sent", "sent"]
    (path,) = written(tmp_path / "out")
    assert path.parent.name == "2026-09-21"
    first, second = map(msgspec.json.decode, path.read_bytes().splitlines())
    assert first == {
        "id": "e1", "kind": "event", "at": "2026-09-21T14:13:20Z", "person": "p_ann",
        "body": {"total": 89.0},
    }  # fmt: skip
    assert second["id"] == "e2"


def test_the_same_call_made_twice_is_the_same_file(tmp_path):
    for _ in range(2):
        deliver(File(path="out"), [event("e1"), event("e2")], tmp_path)
    deliver(File(path="out"), [event("e3")], tmp_path)
    assert len(written(tmp_path / "out")) == 2


def test_a_path_from_the_root_is_where_it_is(tmp_path):
    deliver(File(path=str(tmp_path / "elsewhere")), [event("e1")], tmp_path)
    assert len(written(tmp_path / "elsewhere")) == 1


def test_csv_has_a_column_for_each_field_and_runs_in_no_spreadsheet(tmp_path):
    parcels = [event("e1", name="=1+1", total=2), event("e2", name='Ann, "A"', is_vip=True)]
    deliver(File(path="out", form="csv"), parcels, tmp_path)
    (path,) = written(tmp_path / "out")
    rows = list(csv.reader(io.StringIO(path.read_text())))
    assert rows == [
        ["id", "kind", "at", "person", "is_vip", "name", "total"],
        ["e1", "event", "2026-09-21T14:13:20Z", "p_ann", "", "'=1+1", "2"],
        ["e2", "event", "2026-09-21T14:13:20Z", "p_ann", "true", 'Ann, "A"', ""],
    ]


def test_parquet_has_the_declared_types_in_every_file(tmp_path):
    columns = {"total": "number", "when": "timestamp", "items": "json", "count": "integer"}
    parcels = [event("e1", total=2, when="2026-01-02T03:04:05Z", items=[{"sku": "a"}])]
    deliver(File(path="out", form="parquet", columns=columns), parcels, tmp_path)
    (path,) = written(tmp_path / "out")
    table = parquet.read_table(path)
    assert [str(each) for each in table.schema.types] == [
        "string", "string", "timestamp[us, tz=UTC]", "string", "double", "timestamp[us, tz=UTC]",
        "string", "int64",
    ]  # fmt: skip
    (only,) = table.to_pylist()
    assert (only["total"], only["items"], only["count"]) == (2.0, '[{"sku":"a"}]', None)
    assert only["when"].isoformat() == "2026-01-02T03:04:05+00:00"


def test_a_row_that_fits_no_column_is_dead_and_the_others_are_written(tmp_path):
    destined = File(path="out", form="csv", columns={"total": "number"})
    parcels = [event("e1", total="many"), event("e2", total=1), event("e3", other=1)]
    wrong, sound, unknown = deliver(destined, parcels, tmp_path)
    assert (wrong.status, wrong.reason) == ("dead", 'total: "many" is no number')
    assert sound.status == "sent"
    assert (unknown.status, unknown.reason) == ("dead", "there is no column 'other'")


def test_rows_of_a_sync_are_lines_that_say_what_became_of_them(tmp_path):
    parcels = [row("r1", "ann@shop.test", tier="gold"), removal("r2", "bob@shop.test")]
    deliver(File(path="out", form="csv"), parcels, tmp_path)
    (path,) = written(tmp_path / "out")
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [(each["kind"], each["key"], each["tier"]) for each in rows] == [
        ("upsert", "ann@shop.test", "gold"), ("remove", "bob@shop.test", ""),
    ]  # fmt: skip


def test_what_is_half_written_has_another_name(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _fd: (_ for _ in ()).throw(OSError(5, "disk broke")))
    (outcome,) = deliver(File(path="out"), [event("e1")], tmp_path)
    assert (outcome.status, outcome.reason) == ("retry", "disk broke")
    assert all(path.name.startswith(".") for path in written(tmp_path / "out"))


def test_a_directory_that_cannot_be_made_is_tried_again(tmp_path):
    (tmp_path / "out").write_text("a file")
    (outcome,) = deliver(File(path="out"), [event("e1")], tmp_path)
    assert outcome.status == "retry"


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_an_object_is_in_the_bucket_once_however_often_it_is_written(
    tmp_path, endpoint, bucket, form
):
    name, files = bucket
    destined = File(path=f"s3://{name}/orders", form=form, endpoint=endpoint, **KEYS)
    for _ in range(2):
        with opened(destined, S3="s") as destination:
            (outcome,) = destination.deliver([event("e1", total=89.0)])
    assert outcome.status == "sent"
    from pyarrow.fs import FileSelector, FileType

    found = files.get_file_info(FileSelector(name, recursive=True))
    (path,) = [each.path for each in found if each.type == FileType.File]
    assert outcome.response == f"s3://{path}"
    assert path.startswith(f"{name}/orders/2026-09-21/")
    content = files.open_input_stream(path).read()
    if form == "parquet":
        assert parquet.read_table(io.BytesIO(content)).to_pylist()[0]["total"] == 89.0
    else:
        assert b"89.0" in content


def test_an_object_of_many_megabytes_is_put_together_from_parts(endpoint, bucket):
    name, files = bucket
    destined = File(path=f"s3://{name}", endpoint=endpoint, **KEYS)
    with opened(destined, S3="s") as destination:
        outcomes = destination.deliver([event(f"e{n}", text="x" * 1_000_000) for n in range(16)])
    assert {each.status for each in outcomes} == {"sent"}
    assert files.get_file_info(outcomes[0].response.removeprefix("s3://")).size > 16_000_000


def test_a_bucket_that_is_not_there_pauses_the_destination(endpoint):
    with opened(File(path="s3://nowhere", endpoint=endpoint, **KEYS), S3="s") as destination:
        (outcome,) = destination.deliver([event("e1")])
    assert outcome.status == "paused"


def test_a_name_of_ours_is_no_column():
    with pytest.raises(msgspec.ValidationError, match="every file has the column 'id'"):
        msgspec.convert({"type": "file", "path": "x", "columns": {"id": "text"}}, File)
