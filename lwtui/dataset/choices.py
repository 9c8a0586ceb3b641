"""Multiple choice: the options of a row, and its answer as one of them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lwtui.dataset.values import answer_of, lookup, text_of

if TYPE_CHECKING:
    from lwtui.dataset.fields import FieldMap

_LETTER = re.compile(r"\(?([A-Ja-j])[).:]?")
_LETTERED = re.compile(r"\s*\(?([A-Ja-j])\s*[).:]\s*(.+)", re.DOTALL)


def read_choices(row: Mapping[str, Any], fields: FieldMap) -> tuple[list[str], list[str]]:
    """(the choices' texts, their labels); labels are empty where the data has none."""
    columns = fields.choice_columns
    if len(columns) > 1:
        texts = [text_of(lookup(row, column)).strip() for column in columns]
        while texts and not texts[-1]:  # rows with fewer options leave the last columns empty
            texts.pop()
        return texts, []
    value = lookup(row, columns[0]) if columns else None
    if isinstance(value, str):
        value = _parse(value)
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), (list, tuple)):
            labels = value.get("label")
            labels = [text_of(item) for item in labels] if isinstance(labels, (list, tuple)) else []
            return [text_of(item).strip() for item in value["text"]], labels
        return [text_of(item).strip() for item in value.values()], [str(key) for key in value]
    if isinstance(value, (list, tuple)):
        return _from_list(value)
    return [], []


def _from_list(value: list[Any] | tuple[Any, ...]) -> tuple[list[str], list[str]]:
    if value and isinstance(value[0], Mapping):
        value = [item for item in value if isinstance(item, Mapping) and "text" in item]
        labels = [text_of(item.get("label", item.get("key"))) for item in value]
        return [text_of(item["text"]).strip() for item in value], labels
    texts = [text_of(item).strip() for item in value]
    if not texts or not _LETTERED.fullmatch(texts[0]):
        return texts, []
    marked = [_LETTERED.fullmatch(text) for text in texts]
    if len(texts) > 1 and all(marked):
        letters = [match.group(1).upper() for match in marked if match]
        if letters == list("ABCDEFGHIJ"[: len(letters)]):
            return [match.group(2).strip() for match in marked if match], letters
    return texts, []


def _parse(text: str) -> Any:
    """A list written into one cell, as JSON or as Python prints it."""
    if text.strip()[:1] in ("[", "{", "("):
        for read in (json.loads, ast.literal_eval):
            try:
                return read(text.strip())
            except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
                continue
    parts = [part.strip() for part in re.split(r"[|\n]", text)]
    return parts if len(parts) > 1 else None


def read_answer(value: Any, texts: list[str], labels: list[str], one_based: bool) -> str | None:
    """The text of the right choice, from an index, a label, a letter or the text itself.

    None when there is no answer. Raises ``ValueError`` when it is none of the choices.
    """
    answer = answer_of(value)
    if not answer:
        return None
    if answer in texts and not isinstance(value, (int, float)):
        return answer
    if answer in labels and labels.index(answer) < len(texts):
        return texts[labels.index(answer)]
    if re.fullmatch(r"-?\d{1,9}(\.0)?", answer):
        index = int(float(answer)) - one_based
        if index == -1 and not one_based:
            return None  # -1: how test sets on the Hub hide an answer
    elif match := _LETTER.fullmatch(answer):
        index = ord(match.group(1).upper()) - ord("A")
    else:
        lower = [text.casefold() for text in texts]
        index = lower.index(answer.casefold()) if answer.casefold() in lower else -1
    if 0 <= index < len(texts):
        return texts[index]
    if answer in texts:
        return answer
    raise ValueError(f"the answer {answer[:40]!r} is none of the {len(texts)} choices")
