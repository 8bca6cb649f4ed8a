"""PostgreSQL's types: their numbers and names, and which of the engine's types goes as which."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PgType:
    """One type as PostgreSQL's pg_type has it."""

    name: str
    oid: int
    array_oid: int
    size: int  # bytes; -1: as long as the value
    shown: str  # what format_type says
    category: str
    element: PgType | None = None  # of an array


BOOL = PgType("bool", 16, 1000, 1, "boolean", "B")
BYTEA = PgType("bytea", 17, 1001, -1, "bytea", "U")
NAME = PgType("name", 19, 1003, 64, "name", "S")
INT8 = PgType("int8", 20, 1016, 8, "bigint", "N")
INT2 = PgType("int2", 21, 1005, 2, "smallint", "N")
INT4 = PgType("int4", 23, 1007, 4, "integer", "N")
TEXT = PgType("text", 25, 1009, -1, "text", "S")
OID = PgType("oid", 26, 1028, 4, "oid", "N")
JSON = PgType("json", 114, 199, -1, "json", "U")
FLOAT4 = PgType("float4", 700, 1021, 4, "real", "N")
FLOAT8 = PgType("float8", 701, 1022, 8, "double precision", "N")
UNKNOWN = PgType("unknown", 705, 0, -2, "unknown", "X")
BPCHAR = PgType("bpchar", 1042, 1014, -1, "character", "S")
VARCHAR = PgType("varchar", 1043, 1015, -1, "character varying", "S")
DATE = PgType("date", 1082, 1182, 4, "date", "D")
TIME = PgType("time", 1083, 1183, 8, "time without time zone", "D")
TIMESTAMP = PgType("timestamp", 1114, 1115, 8, "timestamp without time zone", "D")
TIMESTAMPTZ = PgType("timestamptz", 1184, 1185, 8, "timestamp with time zone", "D")
INTERVAL = PgType("interval", 1186, 1187, 16, "interval", "T")
NUMERIC = PgType("numeric", 1700, 1231, -1, "numeric", "N")
UUID = PgType("uuid", 2950, 2951, 16, "uuid", "U")
JSONB = PgType("jsonb", 3802, 3807, -1, "jsonb", "U")

SCALARS = (
    *(BOOL, BYTEA, NAME, INT8, INT2, INT4, TEXT, OID, JSON, FLOAT4, FLOAT8, UNKNOWN, BPCHAR),
    *(VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, NUMERIC, UUID, JSONB),
)
ARRAYS = {
    scalar.oid: PgType(f"_{scalar.name}", scalar.array_oid, 0, -1, f"{scalar.shown}[]", "A", scalar)
    for scalar in SCALARS
    if scalar.array_oid
}
BY_OID = {item.oid: item for item in (*SCALARS, *ARRAYS.values())}

# The engine's names. Whole numbers beyond eight bytes go as numeric.
ENGINE = {
    "BOOLEAN": BOOL,
    "TINYINT": INT2,
    "SMALLINT": INT2,
    "UTINYINT": INT2,
    "INTEGER": INT4,
    "USMALLINT": INT4,
    "BIGINT": INT8,
    "UINTEGER": INT8,
    "OID": OID,  # the catalog's own
    "UBIGINT": NUMERIC,
    "HUGEINT": NUMERIC,
    "UHUGEINT": NUMERIC,
    "BIGNUM": NUMERIC,
    "DECIMAL": NUMERIC,
    "FLOAT": FLOAT4,
    "DOUBLE": FLOAT8,
    "VARCHAR": TEXT,
    "DATE": DATE,
    "TIME": TIME,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP,
    "TIMESTAMP_MS": TIMESTAMP,
    "TIMESTAMP_NS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ,
    "INTERVAL": INTERVAL,
    "JSON": JSON,
    "UUID": UUID,
    "BLOB": BYTEA,
}
DIGITS = re.compile(r"\(\d+,\d+\)$")  # of a DECIMAL
NESTED = ("STRUCT(", "MAP(", "UNION(")
# PostgreSQL's numbers -> the engine's name of what a parameter of that type is bound as.
PARAMETERS = {
    BOOL.oid: "BOOLEAN",
    INT2.oid: "SMALLINT",
    INT4.oid: "INTEGER",
    INT8.oid: "BIGINT",
    OID.oid: "BIGINT",
    FLOAT4.oid: "FLOAT",
    FLOAT8.oid: "DOUBLE",
    NUMERIC.oid: "DECIMAL(38,10)",
    DATE.oid: "DATE",
    TIME.oid: "TIME",
    TIMESTAMP.oid: "TIMESTAMP",
    TIMESTAMPTZ.oid: "TIMESTAMP WITH TIME ZONE",
    INTERVAL.oid: "INTERVAL",
    UUID.oid: "UUID",
    BYTEA.oid: "BLOB",
    JSON.oid: "JSON",
    JSONB.oid: "JSON",
}


def pg_type(engine_type: str) -> PgType:
    """What a column of this type of the engine is on the wire; what PostgreSQL lacks is text."""
    if engine_type.endswith("[]"):
        element = _scalar(engine_type.removesuffix("[]"))
        return ARRAYS[element.oid] if element else JSON  # lists of lists, of maps ...
    if engine_type.startswith(NESTED):
        return JSON
    return _scalar(engine_type) or TEXT


def _scalar(engine_type: str) -> PgType | None:
    """`DECIMAL(18,3)` is a DECIMAL; an ENUM with its members in braces is none of these."""
    return ENGINE.get(DIGITS.sub("", engine_type))


def engine_type(oid: int) -> str:
    """What a parameter of this type is bound as; empty if that is left to the engine."""
    type_ = BY_OID.get(oid)
    if type_ is None or type_ is UNKNOWN:
        return ""
    if type_.element is not None:
        return f"{PARAMETERS.get(type_.element.oid, 'VARCHAR')}[]"
    return PARAMETERS.get(oid, "VARCHAR")
