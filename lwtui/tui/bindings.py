"""The one registry of actions: footer, help, palette and a user's keymap all read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from textual.binding import BindingType

from lwtui.tui.actions import (
    browse,
    chat,
    chat_tools,
    compare,
    evaluate,
    everywhere,
    help,
    jobs,
    match,
)
from lwtui.tui.actions.action import Action

__all__ = ["ACTIONS", "MODES", "Action", "Scope", "actions_of", "bindings_of"]

Scope = Literal["app", "browse", "match", "chat", "evaluate", "jobs", "compare", "help"]

MODES: tuple[Scope, ...] = ("browse", "match", "chat", "evaluate", "jobs")
"""The modes in the order of their number keys."""

ACTIONS: tuple[Action, ...] = (
    *everywhere.ACTIONS,
    *browse.ACTIONS,
    *match.ACTIONS,
    *chat.ACTIONS,
    *chat_tools.ACTIONS,
    *evaluate.ACTIONS,
    *jobs.ACTIONS,
    *compare.ACTIONS,
    *help.ACTIONS,
)


def actions_of(scope: str) -> Iterator[Action]:
    """The actions of one scope, in the order of the registry."""
    return (action for action in ACTIONS if action.scope == scope)


def bindings_of(scope: str) -> list[BindingType]:
    """What a screen or the app puts in its ``BINDINGS``."""
    return [action.binding() for action in actions_of(scope) if action.keys]
