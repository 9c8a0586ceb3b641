"""Chat: conversations with learnwares, kept and found again."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from lwtui.tui.bindings import bindings_of
from lwtui.tui.screens.chat_sessions import ChatSessions
from lwtui.tui.text import one_line
from lwtui.tui.widgets.find_bar import FindBar
from lwtui.tui.widgets.prompt import PromptArea
from lwtui.tui.widgets.session_pane import SessionPane
from lwtui.tui.widgets.transcript import Transcript


class ChatScreen(ChatSessions):
    MODE = "chat"
    CSS_PATH = "chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("chat")
    AUTO_FOCUS = "PromptArea"

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="chat-body"):
            yield SessionPane(id="sessions")
            with Vertical(id="chat-main"):
                yield Static(id="chat-head", markup=False)
                yield Transcript(id="transcript")
                with Vertical(id="teach"):
                    yield Static(id="teach-text", markup=False)
                yield FindBar(id="find")
                yield Static(id="editing", markup=False)
                yield PromptArea(id="prompt")
                yield from self.compose_meter()

    def on_mount(self) -> None:
        self.prompt.asked = lambda: [
            turn.content for turn in self.transcript.turns if turn.role == "user"
        ]
        self._show_head()
        self.sessions_changed()

    # What the first line says

    def _show_head(self) -> None:
        empty = self.learnware is None and self.session is None
        self.query_one("#teach").display = empty
        self.transcript.display = not empty
        editing = self.query_one("#editing", Static)
        editing.display = self._editing is not None
        if self._editing is not None:
            editing.update(f"Message {self._editing + 1} in other words: enter sends it in place "
                           "of all that followed, escape leaves it as it was.")  # fmt: skip
        if empty:
            self.query_one("#teach-text", Static).update(self._teach())
        self.query_one("#chat-head", Static).update(self._head())

    def _head(self) -> Content:
        if self._gone:
            return Content.assemble(
                (one_line(self._gone, 200), "$text-error"),
                ("   ctrl+l: another learnware goes on", "$foreground"),
            )
        if not self.answerer:
            return Content.styled("no learnware chosen", "$foreground-muted")
        title = one_line(self.session.title, 100) if self.session is not None else ""
        parts: list[tuple[str, str]] = [(one_line(self.answerer, 200), "bold $accent")]
        if self._loading is not None:
            parts.append(("   loading the model…", "$text-warning"))
        elif self._chat is not None:
            parts.append((f"   {one_line(self._chat.where, 60)}", "$foreground"))
            title = title or one_line(self._chat.reason, 300)
        else:
            parts.append(("   the next prompt loads the model", "$foreground-muted"))
        if title:
            parts.append((f"   {title}", "$foreground-muted"))
        return Content.assemble(*parts)

    def _teach(self) -> Content:
        keys = [
            ("ctrl+l  ", "choose one here\n"),
            ("F1      ", "choose one from the collection\n"),
            ("F2      ", "find the one that suits your data\n"),
        ]
        if self.pane.newest is not None:
            keys += [
                ("ctrl+r  ", f"go on with “{one_line(self.pane.newest.title, 60)}”\n"),
                ("ctrl+s  ", "all conversations\n"),
                ("ctrl+f  ", "search all their messages\n"),
            ]
        lines = [part for key, text in keys for part in ((key, "bold $accent"), text)]
        return Content.assemble(
            ("Talk with a learnware.\n\n", "bold"), *lines,
            "\nOr just ask below: the base model of the starter collection answers.",
        )  # fmt: skip

    # The pane of conversations

    @property
    def pane_shown(self) -> bool:
        return self.has_class("-sessions" if self.has_class("-narrow") else "-no-sessions") == (
            self.has_class("-narrow")
        )

    def action_sessions(self) -> None:
        """To the list; from the list back, and it goes."""
        if not self.pane_shown:
            self._show_pane(True)
            self.pane.focus_list()
        elif self.pane.has_focus_within:
            self._show_pane(False)
            self.prompt.focus()
        else:
            self.pane.focus_list()

    def action_search(self) -> None:
        self._show_pane(True)
        self.pane.action_search()

    def _show_pane(self, shown: bool) -> None:
        if self.has_class("-narrow"):
            self.set_class(shown, "-sessions")
        else:
            self.set_class(not shown, "-no-sessions")

    def close_pane(self) -> None:
        self.remove_class("-sessions")

    # Leaving

    def action_stop(self) -> None:
        if self._answer is not None and self._chat is not None:
            self._chat.stop()
        elif self._loading is not None:
            self._loading.cancel.cancel()

    async def action_leave(self) -> None:
        """One step back: from editing, from finding, from the list, from the prompt."""
        if self._editing is not None:
            self.cancel_edit()
        elif self.query_one(FindBar).open:
            await self.close_find()
        elif self.pane.has_focus_within:
            self.close_pane()
            self.prompt.focus()
        elif self.transcript.display and self.transcript.turns:
            self.transcript.focus()
        else:
            self.set_focus(None)

    def action_prompt(self) -> None:
        self.close_pane()
        self.prompt.focus()

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        if self.focused is self.prompt and self._editing is None:
            self.transcript.mark(None)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense now."""
        rule = RULES.get(action)
        if rule is None:
            return super().check_action(action, parameters)
        return self.is_mounted and rule(self)


def _has_turns(screen: ChatScreen) -> bool:
    return bool(screen.transcript.turns)


def _idle_with_turns(screen: ChatScreen) -> bool:
    return not screen.busy and _has_turns(screen)


def _one_is_meant(screen: ChatScreen) -> bool:
    return bool(screen._meant()[0])


RULES: dict[str, Callable[[ChatScreen], bool]] = {
    "stop": lambda screen: screen.busy,
    "leave": lambda screen: not screen.busy,
    "regenerate": _idle_with_turns,
    "last": lambda screen: screen.session is None and screen.pane.newest is not None
    and not _has_turns(screen),
    "copy": _has_turns,
    "copy_marked": lambda screen: screen.position is not None,
    "copy_code": _has_turns,
    "edit": _idle_with_turns,
    "fork": _idle_with_turns,
    "find": _has_turns,
    "hit": lambda screen: bool(screen._hits),
    "go_on": lambda screen: not screen.busy and screen.can_go_on,
    "new": lambda screen: _has_turns(screen) or bool(screen._gone),
    "rename": _one_is_meant,
    "delete": _one_is_meant,
    "undelete": lambda screen: bool(screen._deleted),
}  # fmt: skip
"""When an action makes sense. Asked for every key whenever the footer changes."""
