"""``learnware.toml``: read into a :class:`~lwtui.learnware.model.Learnware`, errors located.

The tables follow the dataclasses of ``model.py`` field by field: ``[model]`` with
``[[model.files]]``, ``[semantic]`` with ``[[semantic.data]]``, ``[provenance]``,
``[[specification]]`` and ``[[score]]``. What this version does not know is kept in ``extra`` and
survives a rewrite (``manifest_writer.py``).
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, NoReturn, get_args

from lwtui.errors import BadInput
from lwtui.learnware.model import (
    DataSource,
    FileFormat,
    Kind,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Score,
    Semantic,
    SpecificationEntry,
    check_id,
)
from lwtui.learnware.storage import relative_path_problem
from lwtui.learnware.toml_text import Path_, line_of, parse_toml

FILE_NAME = "learnware.toml"
SCHEMA = 1
MAX_BYTES = 1024 * 1024
"""A manifest is text that a person reads; a larger one is a mistake or an attack."""

MIGRATIONS: dict[int, Callable[[MutableMapping[str, Any]], None]] = {}
"""From schema *n* to *n + 1*, in place. They run on plain data when reading and on the tomlkit
document when rewriting, so they must use nothing but what mappings and lists offer."""

_TABLES: dict[str, type] = {
    "tuple[ModelFile, ...]": ModelFile,
    "tuple[DataSource, ...]": DataSource,
}
_LARGEST = 2**63 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


def write_manifest(folder: Path, learnware: Learnware) -> None:
    """Write ``folder/learnware.toml`` atomically; comments and unknown keys of an existing one
    survive. Raises ``BadInput`` (and changes nothing) if it would not be a valid manifest."""
    from lwtui.learnware.manifest_writer import write_manifest as write

    write(folder, learnware)


def read_manifest(folder: Path) -> Learnware:
    """Read ``folder/learnware.toml``. ``specs_folder`` is set to ``folder``.

    Raises ``BadInput`` naming file, line and field.
    """
    path = folder / FILE_NAME
    text = read_text(path)
    learnware = parse_manifest(text, str(path))
    return dataclasses.replace(learnware, specs_folder=folder)


def read_text(path: Path) -> str:
    """The text of a manifest, with its size checked. Raises ``BadInput``."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise BadInput(
            "There is no learnware.toml here.",
            file=path,
            hint="`lwtui add` writes one for a model's folder.",
        ) from None
    except OSError as error:
        raise BadInput(f"Cannot be read: {error.strerror}.", file=path) from error
    if len(data) > MAX_BYTES:
        raise BadInput("This manifest is larger than 1 MiB.", file=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput("Not UTF-8 text.", file=path, line=line) from error


def parse_manifest(text: str, file: str = FILE_NAME) -> Learnware:
    """Parse the text of a manifest; ``file`` is named in errors. Raises ``BadInput``."""
    data = parse_toml(text, file)
    migrate(data, file, text)
    return _Decoder(text, file).learnware(data)


def migrate(data: MutableMapping[str, Any], file: str, text: str = "") -> None:
    """Bring ``data`` to the present schema in place. Raises ``BadInput`` for an unknown one."""
    schema = data.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int):
        raise BadInput(
            "The manifest needs a schema number.",
            file=file,
            line=line_of(text, ("schema",)),
            field="schema",
            hint=f"Write `schema = {SCHEMA}` at its top.",
        )
    if schema > SCHEMA:
        raise BadInput(
            f"Schema {schema} is newer than this lwtui knows ({SCHEMA}).",
            file=file,
            line=line_of(text, ("schema",)),
            field="schema",
            hint="Update lwtui.",
        )
    for number in range(int(schema), SCHEMA):
        if number not in MIGRATIONS:
            raise BadInput(f"Schema {schema} is unknown.", file=file, field="schema")
        MIGRATIONS[number](data)
    data["schema"] = SCHEMA


class _Decoder:
    """Plain data to dataclasses, with the place of every mistake."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    def learnware(self, data: dict[str, Any]) -> Learnware:
        known = {"schema", "id", "model", "semantic", "provenance", "specification", "score"}
        extra = {key: plain(value) for key, value in data.items() if key not in known}
        identifier = self._text_value(data.get("id", ""), ("id",))
        try:
            check_id(identifier)
        except BadInput as error:
            self.fail(error.message, ("id",), error.hint)
        model = self._table(ModelInfo, data.get("model", {}), ("model",))
        if model.kind == "adapter" and not model.base:
            self.fail("An adapter must name its base.", ("model", "base"))
        return Learnware(
            id=identifier,
            model=model,
            semantic=self._table(Semantic, data.get("semantic", {}), ("semantic",)),
            provenance=self._table(Provenance, data.get("provenance", {}), ("provenance",)),
            specifications=self._tables(SpecificationEntry, data, ("specification",)),
            scores=self._tables(Score, data, ("score",)),
            extra=extra,
        )

    def fail(self, message: str, path: Path_, hint: str | None = None) -> NoReturn:
        field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        raise BadInput(
            message, file=self._file, line=line_of(self._text, path), field=field, hint=hint
        )

    def _table(self, kind: type[Any], data: Any, path: Path_) -> Any:
        if not isinstance(data, dict):
            self.fail("Must be a table.", path)
        values: dict[str, Any] = {}
        for field in dataclasses.fields(kind):
            place = (*path, field.name)
            if field.name in data:
                values[field.name] = self._value(str(field.type), data[field.name], place)
            elif (
                field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            ):
                self.fail("This field is missing.", place)
        return kind(**values)

    def _tables(self, kind: type[Any], data: dict[str, Any], path: Path_) -> tuple[Any, ...]:
        rows = data.get(str(path[-1]), [])
        if not isinstance(rows, list):
            self.fail(f"Must be a list of tables: write [[{path[-1]}]].", path)
        return tuple(self._table(kind, row, (*path, n)) for n, row in enumerate(rows))

    def _value(self, kind: str, value: Any, path: Path_) -> Any:
        if kind in _TABLES:
            return self._tables(_TABLES[kind], {str(path[-1]): value}, path)
        if kind in ("Kind", "FileFormat"):
            return self._choice(value, get_args(Kind if kind == "Kind" else FileFormat), path)
        if kind == "tuple[str, ...]":
            if not isinstance(value, list):
                self.fail("Must be a list of texts.", path)
            return tuple(self._text_value(item, path) for item in value)
        if kind == "str":
            return self._checked_text(self._text_value(value, path), path)
        if kind == "bool":
            if not isinstance(value, bool):
                self.fail("Must be true or false.", path)
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fail("Must be a number.", path)
        if kind == "int":
            if not isinstance(value, int) or not 0 <= value <= _LARGEST:
                self.fail("Must be a whole number, 0 or more.", path)
            return value
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.fail("Must be a finite number.", path)
        return number

    def _text_value(self, value: Any, path: Path_) -> str:
        if not isinstance(value, str):
            self.fail("Must be a text in quotes.", path)
        return value

    def _checked_text(self, value: str, path: Path_) -> str:
        name = path[-1]
        if name in ("path", "file"):
            problem = relative_path_problem(value)
            if problem is None and name == "file" and value == FILE_NAME:
                problem = "must not be the manifest itself"
            if problem is not None:
                self.fail(f"{value!r} {problem}.", path)
        elif name == "folder" and value and not Path(value).is_absolute():
            self.fail("Must be an absolute folder, or left out.", path)
        elif name == "sha256" and value and not _SHA256.fullmatch(value):
            self.fail("Must be 64 lower-case hexadecimal digits.", path)
        return value

    def _choice(self, value: Any, choices: tuple[str, ...], path: Path_) -> str:
        text = self._text_value(value, path)
        if text not in choices:
            self.fail(f"{text!r} is not one of {', '.join(choices)}.", path)
        return text


def plain(value: Any) -> Any:
    """TOML values as JSON can hold them: dates and times become ISO 8601 text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value
