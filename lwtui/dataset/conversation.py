"""Conversations: share-GPT (``from``/``value``) and ChatML (``role``/``content``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lwtui.dataset.example import Example
from lwtui.dataset.values import text_of

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "patient": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "agent": "assistant",
    "doctor": "assistant",
}


def is_conversation(value: Any) -> bool:
    """Whether a value looks like a list of turns."""
    turns = _turns(value)
    return bool(turns) and all(isinstance(turn, Mapping) and _role(turn) for turn in turns)


def read_conversation(value: Any, system: str = "") -> Example | str:
    """The last answered question of a conversation, what came before as history.

    A conversation that ends with a question has no answer. Returns why it cannot be used, if so.
    """
    turns = _turns(value)
    if not turns:
        return "the conversation is empty"
    spoken: list[tuple[str, str]] = []
    for turn in turns:
        if not isinstance(turn, Mapping):
            return "a turn of the conversation is not an object with a role and a content"
        role = _ROLES.get(str(_role(turn)).lower(), "")
        text = _content(turn).strip()
        if not text or not role:
            continue  # calls of tools and their results are not what a person asks or reads
        if role == "system":
            system = f"{system}\n{text}" if system else text
        elif spoken and spoken[-1][0] == role:
            spoken[-1] = (role, f"{spoken[-1][1]}\n{text}")
        else:
            spoken.append((role, text))
    answer = spoken.pop()[1] if spoken and spoken[-1][0] == "assistant" else None
    if not spoken:
        return "the conversation has no turn of a user"
    prompt = spoken.pop()[1]
    return Example(prompt, "", answer, (), system, tuple(spoken))


def _turns(value: Any) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    return list(value) if isinstance(value, (list, tuple)) else []


def _role(turn: Mapping[str, Any]) -> Any:
    return turn.get("role") or turn.get("from") or turn.get("speaker")


def _content(turn: Mapping[str, Any]) -> str:
    for key in ("content", "value", "text", "utterance"):
        if key in turn:
            return text_of(turn[key])
    return ""
