"""How rows become events: what to read, how to group, map and resume (collect C40 to C43).

These are values of `sources/*.yaml`; `sources/mapping.py` compiles them. Expressions stay text,
because only the columns of the file know their types.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us
from journeyfold.sources.follow import Postgres
from journeyfold.sources.pull import Http, Pull, Sql
from journeyfold.sources.size import size_bytes

ColumnType = Literal["bool", "int", "float", "string", "timestamp", "list", "object", "any"]
Format = Literal["csv", "ndjson", "parquet", "excel", "avro", "sql", "http", "postgres"]
FORMATS: tuple[Format, ...] = (
    "csv",
    "ndjson",
    "parquet",
    "excel",
    "avro",
    "sql",
    "http",
    "postgres",
)
Expression: TypeAlias = str
"""Text of the condition language over `row` and `rows` (collect C41)."""
Field: TypeAlias = "Expression | dict[str, Json]"
"""An expression; `{each: LIST, key: expression over item}`; or a nested object of those."""


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the rows of an import come from: exactly one of the formats (collect C40).

    A text under `sql` is a query over DuckDB on `tables` (name → CSV, NDJSON or Parquet file) and,
    if given, on the DuckDB file `database`; keys under it say which database to ask.
    """

    csv: str | None = None
    ndjson: str | None = None
    parquet: str | None = None
    excel: str | None = None  # .xlsx, .xls, .xlsb or .ods
    sheet: str = ""  # of a workbook; the first one where nothing is said
    avro: str | None = None
    sql: str | Sql | None = None
    http: Http | None = None
    postgres: Postgres | None = None  # of `kind: cdc`: changes, as they are committed
    tables: dict[str, str] = {}
    database: str | None = None
    delimiter: str = ","
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    header: bool = True
    columns: tuple[str, ...] = ()  # names of a CSV without a header line
    null: tuple[str, ...] = ("",)  # texts that mean "no value" in a CSV
    types: dict[str, ColumnType] = {}
    units: dict[str, Literal["s", "ms", "us"]] = {}  # numeric times of a column
    memory: str = "2GiB"  # of the child process that reads (trust SEC-17)
    cpu: str = "30s"

    def __post_init__(self) -> None:
        given = [key for key in FORMATS if getattr(self, key)]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(FORMATS)}; has {given}")
        if self.sheet and not self.excel:
            raise ValueError("`sheet` belongs to `excel`")
        if (self.tables or self.database) and not isinstance(self.sql, str):
            raise ValueError("`tables` and `database` belong to `sql` as a text")
        if not self.header and not self.columns:
            raise ValueError("`header: false` needs `columns`, the names in order")
        if len(self.delimiter) != 1:
            raise ValueError(f"delimiter: {self.delimiter!r} is not one character")
        if size_bytes(self.memory) is None:
            raise ValueError(f"memory: {self.memory!r} is no size; write 2GiB")
        require_duration("cpu", self.cpu)

    @property
    def format(self) -> Format:
        return next(key for key in FORMATS if getattr(self, key))

    @property
    def pull(self) -> Pull | None:
        """What is asked for over the network, if it is no file."""
        return self.http or (self.sql if isinstance(self.sql, Sql) else None)

    @property
    def file(self) -> str | None:
        """The file, or the pattern of files, if that is what is read."""
        return self.csv or self.ndjson or self.parquet or self.excel or self.avro

    @property
    def memory_bytes(self) -> int:
        return size_bytes(self.memory) or 0

    @property
    def cpu_s(self) -> int:
        return max(1, (duration_us(self.cpu) or 0) // 1_000_000)


class Filtered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row that becomes no event, with the reason that the ledger prints (collect C44)."""

    fate: Literal["filtered", "quarantined"]
    reason: str


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of `map`: the first whose `when` is true names the event (or filters).

    `when` absent matches everything; `otherwise` is the last line.
    """

    when: Expression | None = None
    event: str | None = None
    type: Literal["track", "identify", "page", "screen", "group", "alias"] = "track"
    filter: Filtered | None = None
    otherwise: Filtered | None = None

    def __post_init__(self) -> None:
        outcomes = [key for key in ("event", "filter", "otherwise") if getattr(self, key)]
        if not outcomes and self.type != "track":
            return  # `type: identify` names its event itself
        if len(outcomes) != 1:
            raise ValueError(f"needs exactly one of event, filter, otherwise; has {outcomes}")
        if self.otherwise is not None and self.when is not None:
            raise ValueError("`otherwise` has no `when`; write `filter` for a condition")


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the parts of an Event are computed from `row` and `rows` (collect C41).

    `id` names key columns; without it the id is SHA-256 of the file and the row number.
    """

    id: tuple[str, ...] = ()
    occurred: Expression | None = None
    identifiers: dict[str, Expression] = {}
    properties: dict[str, Field] = {}
    traits: dict[str, Field] = {}
    context: dict[str, Field] = {}


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the next import begins: rows after (column, key), minus `overlap` (collect C43)."""

    column: str
    key: str
    overlap: str = "10m"

    def __post_init__(self) -> None:
        require_duration("overlap", self.overlap)

    @property
    def overlap_us(self) -> int:
        return duration_us(self.overlap) or 0


def require_duration(key: str, text: str) -> None:
    """Raises ValueError, which the loader shows at the key's place."""
    if duration_us(text) is None:
        raise ValueError(f"{key}: {text!r} is no duration; write 30s, 10m, 2h or 30d")
