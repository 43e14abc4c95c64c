"""Files: each call a new one, whole or not there at all, in a directory or a bucket.

A file is named by the effects in it, so the same call made twice writes the same file twice. It
lies under the day of its earliest fact. How often a call is made is the destination's `rate`: one
in ten seconds unless it says otherwise, so that a busy hour is not a thousand files.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec

from journeyfold.activate.columns import (
    OWN,
    Cell,
    CellError,
    Column,
    cells,
    columns_of,
    moment,
    own_cells,
)
from journeyfold.activate.destination import Destined, Outcome, Parcel, Rate, Tools
from journeyfold.core.instant import rfc3339

if TYPE_CHECKING:
    from pyarrow import Table
    from pyarrow.fs import FileSystem

Form: TypeAlias = Literal["jsonl", "csv", "parquet"]
_S3 = "s3://"
_RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run such a cell (trust SEC-18)
_JSON = msgspec.json.Encoder(order="deterministic").encode


class File(Destined, frozen=True, kw_only=True, tag="file"):
    """`path` is a directory, or `s3://bucket/prefix` with `access_key` and `secret`. `columns`
    fix the columns of CSV and Parquet; without them each file has those of its rows.
    """

    takes = frozenset({"event", "webhook", "upsert", "remove"})
    batch = 5_000

    path: Annotated[str, msgspec.Meta(min_length=1, examples=["exports", "s3://bucket/orders"])]
    form: Form = msgspec.field(default="jsonl", name="format")
    columns: dict[str, Column] = msgspec.field(default_factory=dict)
    endpoint: Annotated[str, msgspec.Meta(examples=["https://minio:9000"])] = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret: str = ""
    rate: Rate = Rate(per_second=0.1, burst=1, concurrency=1)

    def __post_init__(self) -> None:
        taken = sorted(set(self.columns) & set(OWN))
        if taken:
            raise ValueError(f"every file has the column '{taken[0]}' by itself; name it otherwise")

    def open(self, tools: Tools) -> Folder:
        where = tools.secret(self.path)
        if not where.startswith(_S3):
            return Folder(self, Directory(tools.directory / where))
        secret = tools.secret(self.secret) if self.secret else ""
        return Folder(self, Bucket(self, where.removeprefix(_S3).strip("/"), secret))


class Directory:
    """Written beside, made durable, renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, content: bytes) -> str:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return str(path)


class Bucket:
    """An object is there when its upload is complete."""

    def __init__(self, destined: File, prefix: str, secret: str) -> None:
        self._prefix = prefix
        self._settings: dict[str, object] = {
            "region": destined.region, "connect_timeout": 5, "request_timeout": 15,
        }  # fmt: skip
        if destined.endpoint:
            scheme, _, host = destined.endpoint.rpartition("://")
            self._settings |= {"endpoint_override": host, "scheme": scheme or "https"}
        if destined.access_key:
            self._settings |= {"access_key": destined.access_key, "secret_key": secret}
        self._files: FileSystem | None = None

    def put(self, name: str, content: bytes) -> str:
        from pyarrow.fs import S3FileSystem

        files = self._files or S3FileSystem(**self._settings)
        self._files = files
        path = f"{self._prefix}/{name}"
        with files.open_output_stream(path) as stream:
            stream.write(content)
        return _S3 + path


class Folder:
    def __init__(self, destined: File, place: Directory | Bucket) -> None:
        self._form: Form = destined.form
        self._columns: Mapping[str, Column] = destined.columns
        self._place = place

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        """A row that fits no column is dead; the others are in the file, or none of them is."""
        broken: dict[str, str] = {}
        rows: list[dict[str, Cell]] = []
        columns = self._columns or columns_of(parcel.body for parcel in parcels)
        for parcel in parcels:
            try:
                rows.append({**own_cells(parcel), **self._cells(parcel, columns)})
            except CellError as error:
                broken[parcel.key] = str(error)
        written = [parcel for parcel in parcels if parcel.key not in broken]
        outcome = self._written(written, rows, columns) if written else Outcome("sent")
        return [
            Outcome("dead", broken[parcel.key]) if parcel.key in broken else outcome
            for parcel in parcels
        ]

    def _cells(self, parcel: Parcel, columns: Mapping[str, Column]) -> dict[str, Cell]:
        """Without declared columns a field that is called like one of ours is ours."""
        if self._columns:
            return cells(parcel.body, columns)
        own = _beside_ours(columns)
        return cells({name: parcel.body.get(name) for name in own}, own)

    def _written(
        self,
        parcels: Sequence[Parcel],
        rows: Sequence[Mapping[str, Cell]],
        columns: Mapping[str, Column],
    ) -> Outcome:
        if self._form == "jsonl":
            content = b"".join(_line(parcel) for parcel in parcels)
        else:
            named: dict[str, Column] = {**OWN, **_beside_ours(columns)}
            content = _csv(rows, named) if self._form == "csv" else _parquet(rows, named)
        try:
            return Outcome("sent", response=self._place.put(name_of(parcels, self._form), content))
        except PermissionError as error:
            return Outcome("paused", f"{_sentence(error)}: mend it, then resume it")
        except OSError as error:
            return _failed(error)

    def close(self) -> None:
        """Nothing is kept open between two files."""


def _beside_ours(columns: Mapping[str, Column]) -> dict[str, Column]:
    return {name: kind for name, kind in columns.items() if name not in OWN}


def name_of(parcels: Sequence[Parcel], form: Form) -> str:
    """`2026-11-22/<hash of the effects' ids>.jsonl`"""
    digest = blake2b(digest_size=16)
    for parcel in parcels:
        digest.update(parcel.key.encode() + b"\n")
    day = moment(min(parcel.at_us for parcel in parcels)).date().isoformat()
    return f"{day}/{digest.hexdigest()}.{form}"


def _line(parcel: Parcel) -> bytes:
    own = {
        "id": parcel.key, "kind": parcel.kind, "at": rfc3339(parcel.at_us),
        "person": parcel.person,
    }  # fmt: skip
    return _JSON({**own, "body": parcel.body}) + b"\n"


def _csv(rows: Sequence[Mapping[str, Cell]], columns: Mapping[str, Column]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_safe(name) for name in columns)
    for row in rows:
        writer.writerow(_shown(row[name]) for name in columns)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _shown(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return _safe(value)
        case int() | float():
            return str(value)
        case _:
            return value.isoformat().replace("+00:00", "Z")


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text


def _parquet(rows: Sequence[Mapping[str, Cell]], columns: Mapping[str, Column]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    types = {
        "text": pa.string(), "json": pa.string(), "integer": pa.int64(), "number": pa.float64(),
        "boolean": pa.bool_(), "timestamp": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    table: Table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _failed(error: OSError) -> Outcome:
    """What an object store answers stands in the text of an OSError."""
    said = _sentence(error)
    if any(
        word in said
        for word in ("ACCESS_DENIED", "INVALID_ACCESS_KEY", "SIGNATURE", "NO_SUCH_BUCKET")
    ):
        return Outcome("paused", f"{said}: mend it, then resume it")
    return Outcome("retry", said, is_unreached="NETWORK_CONNECTION" in said)


def _sentence(error: OSError) -> str:
    return (error.strerror or str(error))[:500]
