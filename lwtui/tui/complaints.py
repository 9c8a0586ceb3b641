"""The part of the app that says what went wrong, and keeps it to be looked at and copied."""

from __future__ import annotations

import traceback
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from textual.app import App
from textual.binding import Binding
from textual.widget import Widget

from lwtui.config import Config
from lwtui.errors import Cancelled, LwtuiError
from lwtui.tui.bindings import actions_of
from lwtui.tui.text import clean, one_line

KEPT = 100
"""Errors that are kept; the oldest go first."""
SHOWN = 400
"""Characters of an error that its notification shows."""
LONGEST = 20_000
"""Characters of an error that are kept: a server may answer with a book."""


@dataclass(frozen=True)
class Complaint:
    """Something that went wrong. Nothing in it is markup, and all of it is cleaned."""

    at: datetime
    title: str
    text: str
    """Message, what to do next, and where: a line each."""
    details: str = ""
    """The traceback of a bug; empty for what the user can act on."""

    @property
    def whole(self) -> str:
        """All of it, to be copied into a report."""
        head = f"{self.at:%Y-%m-%d %H:%M:%S}  {self.title}"
        return "\n".join(part for part in (head, self.text, self.details) if part)


class Bug(LwtuiError):
    """Something of lwtui itself broke; its cause is the error as it was."""

    def __init__(self) -> None:
        super().__init__(
            "It ended by an error of lwtui's own.",
            hint="Its details help whoever mends it.",
        )


def describe(error: Exception) -> str:
    """An error with all it says about itself, a line each."""
    if not isinstance(error, LwtuiError):
        return clean((str(error) or type(error).__name__)[:LONGEST])
    where = [("file", error.file), ("line", error.line), ("field", error.field)]
    lines = [error.message[:LONGEST], error.hint or ""]
    lines += [f"{name}: {value}" for name, value in where if value is not None]
    return clean("\n".join(line for line in lines if line))


def bug_of(error: Exception) -> str:
    """The traceback, if this is a bug rather than something the user can act on."""
    if isinstance(error, (LwtuiError, OSError)) and not isinstance(error, Bug):
        return ""
    whole = "".join(traceback.format_exception(error.__cause__ or error))
    return clean(whole[-LONGEST:])  # where it happened stands at the end


class Complaints(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.config = Config()
        self.complaints: deque[Complaint] = deque(maxlen=KEPT)
        """What went wrong in this session, the oldest first."""
        self.unread = 0
        """Errors since the list was last looked at."""

    def complain(self, error: Exception, title: str) -> None:
        """Show an error the user can act on. Its text is shown as it is, never as markup."""
        title = one_line(title, 200)
        if isinstance(error, Cancelled):
            self.notify(one_line(str(error), SHOWN), title=title, markup=False)
            return
        complaint = Complaint(datetime.now(), title, describe(error), bug_of(error))
        self.complaints.append(complaint)
        self.unread += 1
        text = clean((str(error) or type(error).__name__)[: 4 * SHOWN])
        if len(text) > SHOWN:
            text = text[:SHOWN] + "…"
        text = f"{text}\n{self.key_of('app.errors')}: details"
        self.notify(text, title=title, severity="error", timeout=15, markup=False)

    def key_of(self, action_id: str) -> str:
        """The first key of an action, as the user's keymap has it and as the footer writes it."""
        keys = self.config.keys.get(action_id)
        if keys is None:
            keys = next(each.keys for each in actions_of("app") if each.id == action_id)
        return self.get_key_display(Binding(keys.split(",")[0], "")) if keys else "palette"

    def action_errors(self) -> None:
        """What went wrong, the newest first; once more closes it."""
        from lwtui.tui.screens.errors import ErrorsScreen

        self.unread = 0
        self.clear_notifications()
        if isinstance(self.screen, ErrorsScreen):
            self.screen.dismiss()
        else:
            self.push_screen(ErrorsScreen(self.complaints))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "errors":
            # In a text field its key means what it means there, unless an error is unread.
            return self.unread > 0 or not _is_text_field(self.focused)
        return super().check_action(action, parameters)


def _is_text_field(widget: Widget | None) -> bool:
    if widget is None:
        return False
    from textual.widgets import Input, TextArea  # they take a while: not before the first frame

    return isinstance(widget, (Input, TextArea))
