"""Which columns hold the prompt, the input, the answer and the choices: found by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lwtui.errors import BadInput

# Ordered: the first name that a dataset has wins. Names are compared in lower case with blanks,
# dots and dashes as underscores.
PROMPTS = (
    "instruction", "prompt", "question", "query", "problem", "user_input", "goal", "message",
    "utterance", "text", "sentence", "sentence1", "hypothesis", "input", "inputs", "ctx", "premise",
    "content", "review", "tweet", "headline", "post", "comment", "document", "article", "passage",
    "dialogue", "dialog", "body", "request", "description", "note", "abstract", "source", "title",
)  # fmt: skip
INPUTS = (
    "input", "context", "contexts", "sentence2", "premise", "passage", "body", "background",
    "paragraph", "story", "article", "document", "abstract", "table", "evidence", "text", "title",
)  # fmt: skip
ANSWERS = (
    "output", "outputs", "response", "answer", "answers", "completion", "reply", "chosen",
    "label_text", "label_name", "intent", "label", "labels", "category", "class", "sentiment",
    "target", "targets", "solution", "final_answer", "long_answer", "summary", "highlights",
    "expected", "expected_output", "ground_truth", "gold", "reference", "final_decision", "cop",
    "answerkey", "answer_key", "correct", "correct_answer", "answer_idx", "answer_index",
    "correct_option", "translation", "section_text",
)  # fmt: skip
CHOICE_ANSWERS = (
    "answerkey", "answer_key", "answer", "label", "cop", "answer_idx", "answer_index", "correct",
    "correct_answer", "correct_option", "gold", "target", "output", "ground_truth", "answers",
)  # fmt: skip
LABELS = frozenset(
    ("label", "labels", "label_text", "label_name", "intent", "category", "class", "sentiment")
)
CHOICES = ("choices", "options", "endings", "candidates", "answer_choices", "multiple_choices")
CHOICE_COLUMNS = (
    "{letter}", "option_{letter}", "option{letter}", "op{letter}", "choice_{letter}",
    "choice{letter}", "answer{letter}", "answer_{letter}", "option{number}", "option_{number}",
    "choice{number}", "choice_{number}", "sol{number}", "ending{index}", "ending_{index}",
    "{letter}_choice", "choice{index}", "option{index}",
)  # fmt: skip
MESSAGES = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")
SYSTEMS = ("system", "system_prompt", "system_message")
ROLES = ("prompt", "input", "answer", "choices", "messages", "system")
NONE = "-"
"""Written for the column of a role that shall have none."""


@dataclass(frozen=True)
class FieldMap:
    """The columns in use; empty: none. ``kind`` names the layout, for people."""

    prompt: str = ""
    input: str = ""
    answer: str = ""
    choices: str = ""
    """One column that holds a list, or several joined by ``|`` that hold one choice each."""
    messages: str = ""
    """A column that holds a conversation: a list of turns with a role and a content."""
    system: str = ""
    kind: str = ""
    one_based: bool = False
    """Answers given as a number count the choices from 1."""
    none: tuple[str, ...] = ()
    """Roles that no column shall have, whatever is found by name."""

    @classmethod
    def parse(cls, text: str) -> FieldMap:
        """Read ``prompt=question,answer=reply``; ``input=-`` wants none. Raises ``BadInput``."""
        found: dict[str, str] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            role, equals, column = (piece.strip() for piece in part.partition("="))
            if not equals or role not in ROLES or not column:
                raise BadInput(
                    f"{part!r} is not a field.",
                    hint="Write ROLE=COLUMN, with commas between; ROLE=- for none; roles: "
                    f"{', '.join(ROLES)}.",
                    field="fields",
                )
            found[role] = column
        return cls.from_named(found)

    @classmethod
    def from_named(cls, named: Mapping[str, str]) -> FieldMap:
        """Of role to column, ``-`` for a role that shall have none: what :attr:`named` gives.
        Roles that are unknown are left out."""
        columns = {role: named[role] for role in ROLES if named.get(role, NONE) != NONE}
        none = tuple(role for role in ROLES if named.get(role) == NONE)
        kind = "given" if columns or none else ""
        return cls(**columns, kind=kind, none=none)  # type: ignore[arg-type]

    @property
    def named(self) -> dict[str, str]:
        """Role to column, as :meth:`parse` reads it; ``-`` for a role that shall have none."""
        columns = {role: getattr(self, role) for role in ROLES if getattr(self, role)}
        return columns | dict.fromkeys(self.none, NONE)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        single = (self.prompt, self.input, self.answer, self.messages, self.system)
        return tuple(dict.fromkeys(filter(None, (*single, *self.choice_columns))))

    @property
    def choice_columns(self) -> tuple[str, ...]:
        return tuple(part for part in self.choices.split("|") if part)

    @property
    def labelled(self) -> bool:
        """Answers are classes, so that the set of them makes the choices."""
        return self.kind.endswith("/label")

    def over(self, found: FieldMap) -> FieldMap:
        """This map laid over the one that was found: what is given here wins."""
        given = {role: getattr(self, role) for role in ROLES if getattr(self, role)}
        if not given and not self.none:
            return found
        cleared: dict[str, Any] = dict.fromkeys(self.none, "")
        found = replace(found, **cleared)
        if given.get("prompt"):
            found = replace(found, messages="")
        columns = set(given.values())
        # A column serves once: naming it for one role takes it from the role it was guessed for.
        lost = {role: "" for role in ROLES if role not in given and getattr(found, role) in columns}
        return replace(found, **{**lost, **given}, kind=self._kind(given, found))

    @staticmethod
    def _kind(given: Mapping[str, str], found: FieldMap) -> str:
        answer = given.get("answer", found.answer)
        return "given/label" if _key(answer) in LABELS and not found.choices else "given"

    def __str__(self) -> str:
        return ", ".join(f"{role}={column}" for role, column in self.named.items())


def _key(name: str) -> str:
    return re.sub(r"[\s.\-]+", "_", name.strip().lower())


def find_fields(rows: Sequence[Mapping[str, Any]]) -> FieldMap | None:
    """Find the fields from a file's first rows; None when no column looks like a prompt."""
    names: dict[str, str] = {}
    for row in rows:
        for name in row:
            names.setdefault(_key(name), name)
    messages = _first(MESSAGES, {k: v for k, v in names.items() if _is_conversation(rows, v)})
    system = _first(SYSTEMS, names)
    if messages:
        return FieldMap(messages=messages, system=system, kind="messages")
    choices = _first(CHOICES, names) or _choice_columns(names)
    if choices:
        return _multiple_choice(rows, names, choices, system)
    return _plain(rows, names, system)


def _plain(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], system: str
) -> FieldMap | None:
    answer = _first(ANSWERS, names) or _last_word(ANSWERS, names, ())
    left = {key: name for key, name in names.items() if name != answer}
    prompt = _first(PROMPTS, left) or _last_word(PROMPTS, left, (answer,))
    if not prompt and len(left) == 1:
        only = next(iter(left.values()))
        prompt = only if any(isinstance(row.get(only), str) for row in rows) else ""
    if not prompt or not _has_text(rows, prompt):
        return None
    asks = _key(prompt) not in ("text", "sentence", "message", "utterance")
    companions = {key: name for key, name in left.items() if name != prompt}
    extra = _first(INPUTS, companions) if asks else ""
    return FieldMap(prompt, extra, answer, system=system, kind=_kind_of(prompt, extra, answer))


def _kind_of(prompt: str, extra: str, answer: str) -> str:
    keys = (_key(prompt), _key(extra), _key(answer))
    if keys[0] == "instruction" and answer:
        return "alpaca"
    if keys[0] == "question" and keys[1] == "context" and keys[2] in ("answers", "answer"):
        return "squad"
    if keys[2] in LABELS or keys[2].rsplit("_", 1)[-1] in LABELS:
        return f"{prompt}/label"
    return f"{prompt}/{answer}" if answer else "text"


def _multiple_choice(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], choices: str, system: str
) -> FieldMap | None:
    taken = set(choices.split("|"))
    left = {key: name for key, name in names.items() if name not in taken}
    answer = _first(CHOICE_ANSWERS, left) or _first(ANSWERS, left)
    left = {key: name for key, name in left.items() if name != answer}
    prompt = _first(PROMPTS, left) or _last_word(PROMPTS, left, ())
    if not prompt:
        return None
    extra = _first(INPUTS, {key: name for key, name in left.items() if name != prompt})
    kind = "alpaca" if _key(prompt) == "instruction" else "choices"
    found = FieldMap(prompt, extra, answer, choices, system=system, kind=kind)
    return replace(found, one_based=counts_from_one(rows, found))


def counts_from_one(rows: Sequence[Mapping[str, Any]], found: FieldMap) -> bool:
    """Whether numeric answers count from 1: none is 0, and one is the number of choices."""
    from lwtui.dataset.choices import read_choices

    numbers, most = set(), 0
    for row in rows:
        answer = row.get(found.answer)
        if isinstance(answer, bool) or not re.fullmatch(r"\d{1,3}", str(answer).strip()):
            continue
        numbers.add(int(str(answer)))
        most = max(most, len(read_choices(row, found)[0]))
    if _key(found.answer) == "cop":  # MedMCQA's own name, 1-based in its files, 0-based on the Hub
        return 0 not in numbers and bool(numbers)
    return bool(numbers) and 0 not in numbers and most in numbers


def _first(wanted: Sequence[str], names: Mapping[str, str]) -> str:
    return next((names[key] for key in wanted if key in names), "")


def _last_word(wanted: Sequence[str], names: Mapping[str, str], but: Sequence[str]) -> str:
    """A column such as ``customer_message``: its last word is one of the wanted names."""
    for key in wanted:
        for name_key, name in names.items():
            if name not in but and name_key.endswith("_" + key):
                return name
    return ""


def _choice_columns(names: Mapping[str, str]) -> str:
    for pattern in CHOICE_COLUMNS:
        found = []
        for index in range(10):
            key = pattern.format(letter="abcdefghij"[index], number=index + 1, index=index)
            if key not in names:
                break
            found.append(names[key])
        if len(found) >= 2:
            return "|".join(found)
    return ""


def _is_conversation(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    from lwtui.dataset.conversation import is_conversation

    values = [row[name] for row in rows if row.get(name)]
    return any(is_conversation(value) for value in values[:10])


def _has_text(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    from lwtui.dataset.values import text_of

    return any(text_of(row.get(name)).strip() for row in rows)
