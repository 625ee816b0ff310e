"""The packages of the extra `fleet`: whether they are there, and the tables as Arrow schemas with units."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Final

from gxbridge.fleet.columns.tables import TABLES, ColumnType, TableColumn

PACKAGES: Final = {
    "pyarrow": "pyarrow>=18",
    "numpy": "numpy>=1.26",
    "duckdb": "duckdb>=1.1",
    "fsspec": "fsspec>=2024.6",
    "distributed": "dask[distributed]>=2024.8",
    "matplotlib": "matplotlib>=3.8",
}


class FleetError(Exception):
    """What is asked for cannot be done; the text says why and what to do."""


def need(what: str, *packages: str) -> None:
    """Raise FleetError, which says how to install it, for a package that is not there."""
    missing = []
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError:
            missing.append(package)
    if missing:
        wanted = " ".join(f"'{PACKAGES[package]}'" for package in missing)
        raise FleetError(f"{what} needs {' and '.join(missing)}: pip install {wanted} (the extra `fleet` has them all)")


def arrow_type(type: ColumnType) -> Any:
    """The Arrow type of a column."""
    import pyarrow as pa

    return {
        "time": pa.timestamp("us", tz="UTC"),
        "text": pa.dictionary(pa.int32(), pa.string()),
        "number": pa.float64(),
        "byte": pa.uint8(),
        "count": pa.int64(),
        "flag": pa.bool_(),
    }[type]


def arrow_schema(name: str, columns: Iterable[TableColumn]) -> Any:
    """A schema with unit and meaning in the metadata of every field."""
    import pyarrow as pa

    fields = [
        pa.field(column.name, arrow_type(column.type), metadata={"unit": column.unit, "description": column.text})
        for column in columns
    ]
    text = TABLES[name].text if name in TABLES else ""
    return pa.schema(fields, metadata={"gxbridge_table": name, "description": text})
