"""What a model's card (``README.md``) says in its front matter, taken as plain text."""

from __future__ import annotations

import re
from pathlib import Path

from lwtui.learnware.model import DataSource, Semantic

_MAX_BYTES = 1024 * 1024
_SCALAR = re.compile(r"([A-Za-z_]+):[ \t]*(.*?)[ \t]*(?:#.*)?")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.+?)[ \t]*")


def read_card(folder: Path, present: bool = True) -> Semantic:
    """Licence, languages, tags, data names and the title of a Hub model card, if there is one.

    Only the flat part of the YAML that cards use is understood; the rest is left alone.
    """
    path = folder / "README.md"
    if not present or not path.is_file():
        return Semantic()
    with path.open("rb") as stream:
        text = stream.read(_MAX_BYTES).decode("utf-8", errors="replace")
    found = re.match(r"---\r?\n(.*?)\r?\n---[ \t]*\r?\n?(.*)", text, flags=re.DOTALL)
    fields = _fields(found.group(1)) if found else {}
    body = found.group(2) if found else text
    heading = re.search(r"^#[ \t]+(.+?)[ \t]*$", body, flags=re.MULTILINE)
    return Semantic(
        title=heading.group(1)[:200] if heading else "",
        task=next(iter(fields.get("pipeline_tag", [])), ""),
        languages=tuple(fields.get("language", [])),
        licence=next(iter(fields.get("license", [])), "").lower(),
        tags=tuple(fields.get("tags", [])),
        data=tuple(DataSource(name) for name in fields.get("datasets", [])),
    )


def _fields(front_matter: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    key = ""
    for line in front_matter.splitlines():
        scalar, item = _SCALAR.fullmatch(line), _ITEM.fullmatch(line)
        if scalar:
            key, value = scalar.groups()
            inline = value[1:-1].split(",") if value.startswith("[") else [value]
            fields[key] = [cleaned for part in inline if (cleaned := _unquoted(part))]
        elif item and key:
            fields[key].append(_unquoted(item.group(1)))
        elif line.strip() and not line.startswith((" ", "\t", "#")):
            key = ""
    return fields


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")[:200]
