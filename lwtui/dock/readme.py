"""The card of a published learnware: the author's words kept, one section of lwtui's own.

Front matter as the Hub reads it (https://huggingface.co/docs/hub/model-cards); it is read and
written by ``huggingface_hub.RepoCard``, whose YAML is the safe one and keeps unknown keys and their
order.
"""

from __future__ import annotations

import re
from typing import Any

from lwtui.dock.readme_section import CLOSE, OPEN
from lwtui.errors import BadInput
from lwtui.learnware.model import Learnware
from lwtui.safe_text import one_line

LIMIT = 1024 * 1024
"""Bytes of a card that is read."""
_TASKS = frozenset(
    [
        "text-generation",
        "text-classification",
        "question-answering",
        "summarization",
        "translation",
        "token-classification",
        "table-question-answering",
        "feature-extraction",
    ]
)
"""The Hub's pipeline tags that a text model may have."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?|code|multilingual")
_TAG = re.compile(r"[a-z0-9][a-z0-9-]*")
_BLANK = "[More Information Needed]"
_PLAIN_TAGS = frozenset({"starter", "here"})


def merged(
    own: bytes, learnware: Learnware, base: str, section: str, *, file: str = "README.md"
) -> tuple[bytes, tuple[str, ...]]:
    """The card to publish, and what of the author's front matter was set anew, in words.

    ``own`` is the author's card, empty without one; ``base`` the repository of an adapter's base.
    Raises ``BadInput`` naming ``file`` for a card that cannot be read or contradicts the manifest.
    """
    from huggingface_hub import RepoCard

    from lwtui.dock.hub import quiet

    quiet()
    if len(own) > LIMIT:
        raise BadInput("This card is larger than 1 MiB.", file=file)
    try:
        text = own.decode("utf-8-sig")
        card = RepoCard(text)
    except UnicodeDecodeError as error:
        raise BadInput("The card is not UTF-8 text.", file=file) from error
    except Exception as error:  # YAML of strangers fails in many ways
        raise BadInput(
            f"The card's front matter cannot be read: {one_line(str(error), 200)}",
            file=file,
            hint="It is YAML between two lines of `---` at the top.",
        ) from error
    notes = _fill(card.data, learnware, base, file)
    if _BLANK in card.text:
        notes = (*notes, f"The card still has blanks of its template: {_BLANK}.")
    card.text = _with_section(card.text, section, learnware, file)
    try:
        return str(card.content).encode(), notes
    except Exception as error:
        raise BadInput("The card's front matter cannot be kept as it is.", file=file) from error


def _fill(data: Any, learnware: Learnware, base: str, file: str) -> tuple[str, ...]:
    """Put the manifest's facts where the author has none, and the tag by which others find it."""
    semantic = learnware.semantic
    notes = []
    stated = data.get("license")
    if isinstance(stated, str) and stated.strip().lower() != semantic.licence.lower():
        raise BadInput(
            f"The card says the licence is {one_line(stated, 60)!r}, learnware.toml says "
            f"{semantic.licence!r}.",
            file=file,
            field="license",
            hint="Make them agree: readers go by the one, lwtui by the other.",
        )
    if not isinstance(stated, str):
        data["license"] = semantic.licence.lower()
    languages = [name for name in semantic.languages if _LANGUAGE.fullmatch(name)]
    if languages and not data.get("language"):
        data["language"] = languages
    named = [each.name for each in semantic.data if _REPOSITORY.fullmatch(each.name)]
    datasets = _list(data.get("datasets"))
    if more := [name for name in named if name not in datasets]:
        data["datasets"] = [*datasets, *dict.fromkeys(more)]
    if not data.get("pipeline_tag"):
        data["pipeline_tag"] = semantic.task if semantic.task in _TASKS else "text-generation"
    library = {"peft": "peft", "safetensors": "transformers"}.get(next(iter(learnware.formats), ""))
    if library and not data.get("library_name"):
        data["library_name"] = library
    if base:
        before = _list(data.get("base_model"))
        if before and before != [base]:
            notes.append(
                f"The card's base_model {one_line(', '.join(before), 200)} becomes {base}."
            )
        data["base_model"] = base
        data["base_model_relation"] = "adapter"
    words = [*semantic.tags, "learnware", semantic.domain]
    wanted = [word for word in words if _TAG.fullmatch(word) and word not in _PLAIN_TAGS]
    # PEFT writes the base's folder into a tag; the Hub makes these of base_model by itself.
    own = [tag for tag in _list(data.get("tags")) if not tag.startswith("base_model:")]
    data["tags"] = list(dict.fromkeys([*own, *wanted]))
    return tuple(notes)


def licence_name(own: bytes) -> str:
    """What a card with ``license: other`` calls its licence; empty if it does not say."""
    found = re.search(rb"^license_name:[ \t]*(\S[^\r\n]*)", own[:LIMIT], re.MULTILINE)
    return one_line(found[1].decode(errors="replace"), 80) if found else ""


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _with_section(text: str, section: str, learnware: Learnware, file: str) -> str:
    """The body with lwtui's section in its old place, or at the end."""
    opened, closed = text.count(OPEN), text.count(CLOSE)
    if (opened, closed) not in ((0, 0), (1, 1)) or text.find(CLOSE) < text.find(OPEN):
        raise BadInput(
            f"The markers of lwtui's section are not one pair: {OPEN} … {CLOSE}",
            file=file,
            hint="Delete the section with both markers; it is written anew.",
        )
    if opened:
        start, end = text.index(OPEN), text.index(CLOSE) + len(CLOSE)
        return text[:start] + section + text[end:]
    if not text.strip():
        text = f"\n# {one_line(learnware.semantic.title or learnware.name, 200)}\n"
    return f"{text.rstrip()}\n\n{section}\n"
