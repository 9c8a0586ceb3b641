"""Rewrites ``learnware.toml`` so that comments, order and unknown keys survive."""

from __future__ import annotations

import dataclasses
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware import manifest
from lwtui.learnware.model import Learnware
from lwtui.learnware.storage import write_atomically

_IDENTITY = {
    "files": ("path",),
    "data": ("name",),
    "specification": ("type", "recipe", "space"),
    "score": ("task", "metric"),
}
"""The fields that tell one row of a list of tables from another: its comments stay with it."""


def write_manifest(folder: Path, learnware: Learnware) -> None:
    """See :func:`lwtui.learnware.manifest.write_manifest`."""
    path = folder / manifest.FILE_NAME
    before = manifest.read_text(path) if path.exists() else None
    text = render_manifest(learnware, before, str(path))
    if before is not None and text == before:
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode("utf-8"))


def render_manifest(
    learnware: Learnware, before: str | None = None, file: str = manifest.FILE_NAME
) -> str:
    """The manifest's text; ``before`` is the text it replaces, whose comments are kept.

    Raises ``BadInput`` if ``learnware`` makes no valid manifest or ``before`` is broken.
    """
    if before is None:
        document: Any = tomlkit.document()
        document["schema"] = manifest.SCHEMA
    else:
        manifest.parse_toml(before, file)
        try:
            document = tomlkit.parse(before)
        except (TOMLKitError, ValueError, RecursionError) as error:
            raise BadInput(f"Not valid TOML: {error}", file=file) from error
        manifest.migrate(document, file, before)
    _merge_learnware(document, learnware)
    text = tomlkit.dumps(document)
    _check_round_trip(text, learnware, file)
    return text


def _merge_learnware(document: Any, learnware: Learnware) -> None:
    if document.get("id") != learnware.id:
        document["id"] = learnware.id
    for key, value in learnware.extra.items():
        if key not in document:
            document[key] = value
    for name in ("model", "semantic", "provenance"):
        fields = _fields(getattr(learnware, name))
        if name not in document and any(fields.values()):
            document[name] = tomlkit.table()
        if name in document:
            _merge_table(document[name], fields)
    for name, rows in (
        ("specification", learnware.specifications),
        ("score", learnware.scores),
    ):
        _merge_rows(document, name, [_fields(row) for row in rows])


def _fields(value: Any) -> dict[str, Any]:
    """Field names to plain values; a field at its default is None, and is left out of the file."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, tuple):
            item = [_fields(row) if dataclasses.is_dataclass(row) else row for row in item]
        found[field.name] = None if item in ("", [], None) or item == field.default else item
    return found


def _merge_table(table: MutableMapping[str, Any], fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        if key in _IDENTITY:
            _merge_rows(table, key, value or [])
        elif value is None:
            # An explicit default that the file already states stays as it is.
            if key in table and _unwrap(table[key]) not in ("", [], 0):
                del table[key]
        elif key not in table or _unwrap(table[key]) != value:
            table[key] = value


def _merge_rows(parent: MutableMapping[str, Any], key: str, rows: list[dict[str, Any]]) -> None:
    names = _IDENTITY[key]
    old = list(parent.get(key, []))
    if [_identity(row, names) for row in old] == [_identity(row, names) for row in rows]:
        for table, row in zip(old, rows, strict=True):
            _merge_table(table, row)
        return
    if key in parent:
        del parent[key]
    if not rows:
        return
    fresh = tomlkit.aot()
    for row in rows:
        table = next((t for t in old if _identity(t, names) == _identity(row, names)), None)
        if table is None or not isinstance(table, tomlkit.items.Table):
            unknown = {} if table is None else {k: v for k, v in table.items() if k not in row}
            table = tomlkit.table()
            for name, value in unknown.items():
                table[name] = _unwrap(value)
        else:
            old = [candidate for candidate in old if candidate is not table]
        _merge_table(table, row)
        fresh.append(table)
    parent[key] = fresh


def _identity(row: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(_unwrap(row.get(name)) for name in names)


def _unwrap(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _check_round_trip(text: str, learnware: Learnware, file: str) -> None:
    """Never write what would not read back: invalid values, or a case tomlkit gets wrong."""
    found = manifest.parse_manifest(text, file)
    if _comparable(found) != _comparable(learnware):
        raise LwtuiError(
            "This manifest cannot be rewritten without losing something.",
            file=file,
            hint="Put its tables in the usual order, each once, and try again.",
        )


def _comparable(learnware: Learnware) -> Learnware:
    return dataclasses.replace(
        learnware, models_folder=None, specs_folder=None, extra={}, pulled=True
    )
