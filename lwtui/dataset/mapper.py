"""A raw row of a file as an :class:`Example`, by the fields that were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lwtui.dataset.choices import read_answer, read_choices
from lwtui.dataset.conversation import is_conversation, read_conversation
from lwtui.dataset.example import Example
from lwtui.dataset.fields import FieldMap
from lwtui.dataset.values import answer_of, lookup, text_of


class RowMapper:
    """Turns the rows of one file into examples.

    ``class_names``: names of integer labels, by column.
    """

    def __init__(
        self, fields: FieldMap, class_names: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.fields = fields
        self._names = list((class_names or {}).get(fields.answer, ()))
        self._plain = not fields.messages and not fields.choices
        self.class_names: tuple[str, ...] = tuple(self._names) if fields.labelled else ()

    def reject(self, row: Mapping[str, Any]) -> str | None:
        """Why the row cannot be used, or None. Cheap for plain rows: called for every row read."""
        if self._plain:
            value = row.get(self.fields.prompt)
            if type(value) is str and value and not value.isspace():
                return None
        made = self.convert(row)
        return made if isinstance(made, str) else None

    def label(self, row: Mapping[str, Any]) -> str:
        """The row's class name; empty when it has none."""
        return self._answer(lookup(row, self.fields.answer))

    def convert(self, row: Mapping[str, Any], labels: tuple[str, ...] = ()) -> Example | str:
        """The example, or why there is none. ``labels``: the choices of every row with classes."""
        fields = self.fields
        system = text_of(lookup(row, fields.system)).strip() if fields.system else ""
        if fields.messages:
            value = lookup(row, fields.messages)
            if value is None:
                return f"has no '{fields.messages}'"
            return read_conversation(value, system)
        asked = lookup(row, fields.prompt)
        if isinstance(asked, (list, tuple)) and is_conversation(asked):
            return self._conversation(row, asked, system)
        prompt = text_of(asked).strip()
        extra = text_of(lookup(row, fields.input)).strip() if fields.input else ""
        if not prompt and not extra:
            missing = asked is None and fields.prompt not in row
            return f"has no '{fields.prompt}'" if missing else f"'{fields.prompt}' is empty"
        if fields.choices:
            return self._multiple_choice(row, prompt, extra, system)
        answer = self._answer(lookup(row, fields.answer)) if fields.answer else ""
        return Example(prompt, extra, answer or None, labels, system)

    def _answer(self, value: Any) -> str:
        if self._names and isinstance(value, int) and not isinstance(value, bool):
            # -1 is how test sets on the Hub hide a label.
            return self._names[value] if 0 <= value < len(self._names) else ""
        return answer_of(value)

    def _conversation(self, row: Mapping[str, Any], turns: Any, system: str) -> Example | str:
        """A prompt that is a list of turns, its answer in another column (preference data)."""
        made = read_conversation(turns, system)
        if isinstance(made, str):
            return made
        answer = self._answer(lookup(row, self.fields.answer)) if self.fields.answer else ""
        return Example(made.prompt, "", answer or made.answer, (), made.system, made.history)

    def _multiple_choice(
        self, row: Mapping[str, Any], prompt: str, extra: str, system: str
    ) -> Example | str:
        texts, names = read_choices(row, self.fields)
        value = lookup(row, self.fields.answer) if self.fields.answer else None
        if not texts:
            return Example(prompt, extra, self._answer(value) or None, (), system)
        try:
            answer = read_answer(value, texts, names, self.fields.one_based)
        except ValueError as error:
            return str(error)
        return Example(prompt, extra, answer, tuple(texts), system)
