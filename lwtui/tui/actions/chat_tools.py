"""Actions of the mode Chat that open a dialogue or a screen of their own."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = ()
