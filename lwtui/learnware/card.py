"""What a model's card (``README.md``) says in its front matter, taken as plain text."""

from __future__ import annotations

import re
from pathlib import Path

from lwtui.learnware.model import DataSource, Semantic

_MAX_BYTES = 1024 * 1024


def read_card(folder: Path, present: bool = True) -> Semantic:
    """Licence, languages, tags, data names and the title of a Hub model card, if there is one.

    A card whose YAML cannot be read gives its heading alone.
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
    """The entries of the YAML that are a word or a list of words."""
    import yaml

    try:
        data = yaml.safe_load(front_matter)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}  # a card that cannot be read says nothing
    if not isinstance(data, dict):
        return {}
    return {
        str(key): [str(part)[:200] for part in (value if isinstance(value, list) else [value])]
        for key, value in data.items()
        if isinstance(value, (str, list))
    }
