"""Conversations: list, search, open, rename, delete and have back, fork; who answers in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property, partial

from textual import on, work

from lwtui.chat.session import title_of
from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.model import Learnware
from lwtui.tui import chat_messages as told
from lwtui.tui import messages
from lwtui.tui.background import in_thread, tell
from lwtui.tui.chat_services import SessionView
from lwtui.tui.screens.chat_messages import ChatMessages
from lwtui.tui.text import one_line
from lwtui.tui.widgets.parts import Part, whole_parts
from lwtui.tui.widgets.session_pane import PAGE, SessionPane


class ChatSessions(ChatMessages):
    def __init__(self) -> None:
        super().__init__()
        self._drafts: dict[str, str] = {}
        """Prompts that were not sent, by conversation."""
        self._deleted: list[tuple[str, str]] = []
        """Ids and titles, the last deleted at the end."""
        self._question = 0

    @cached_property
    def pane(self) -> SessionPane:
        return self.query_one(SessionPane)

    # The list

    def sessions_changed(self) -> None:
        if not self.pane.text:
            self._ask_for("", 0)

    @on(SessionPane.Wanted)
    def _wanted(self, event: SessionPane.Wanted) -> None:
        self._ask_for(event.text, event.offset)

    def _ask_for(self, text: str, offset: int) -> None:
        if offset == 0:
            self._question += 1  # what was asked before is of no interest any more
        self.read_sessions(self._question, text, offset)

    @work(thread=True, group="sessions")
    def read_sessions(self, question: int, text: str, offset: int) -> None:
        try:
            if text:
                answer = told.SessionsRead(question, 0, [], self.services.find_messages(text))
            else:
                answer = told.SessionsRead(question, offset, self.services.sessions(offset, PAGE))
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The conversations could not be read", error))
            return
        self.post_message(answer)

    def on_sessions_read(self, message: told.SessionsRead) -> None:
        if message.question != self._question:
            return
        if message.found is not None:
            self.pane.show_found(message.found)
        else:
            here = self.session.id if self.session is not None else ""
            self.pane.show_sessions(message.sessions, message.offset, here)
        self._show_head()
        self.refresh_bindings()

    # Opening

    @on(SessionPane.Chosen)
    def _chosen(self, event: SessionPane.Chosen) -> None:
        self.close_pane()
        self.run_worker(
            self.show_session(event.session, event.position), group="session", exclusive=True
        )

    def close_pane(self) -> None:
        """Where there is no room for list and conversation, the conversation comes back."""

    async def show_session(self, session_id: str, position: int | None = None) -> None:
        """Show a conversation, at its end or at a message; its model need not be here."""
        here = self.session
        if here is not None and here.id == session_id:
            self._arrive(position)
            return
        try:
            view, parts = await asyncio.to_thread(self._read, session_id)
        except (LwtuiError, OSError) as error:
            self.lwtui.complain(error, "The conversation could not be opened")
            return
        await self._enter(view, parts)
        self._arrive(position)

    def _read(self, session_id: str) -> tuple[SessionView, list[Part]]:
        view = self.services.open_session(session_id)
        return view, whole_parts(view.session.turns)

    async def leave_session(self) -> None:
        """Nothing is in sight any more; what streams stops and what was typed is kept."""
        self.cancel_edit()
        self._drafts[self.session.id if self.session else ""] = self.prompt.text
        self.leave_answer()
        await self.close_find()
        self.session, self._gone = None, ""

    async def _enter(self, view: SessionView, parts: list[Part]) -> None:
        chat = self._chat
        await self.leave_session()
        self.session, self.learnware, self._gone = view.session, view.learnware, view.gone
        if chat is not None and chat.ready and chat.ready.learnware == view.session.learnware:
            chat.session = view.session  # the same model goes on with it
        else:
            self._chat = None
        self._show_head()  # the transcript may have been hidden
        await self.transcript.show(view.session.turns, parts)
        self.prompt.put(self._drafts.pop(view.session.id, ""))
        self.pane.set_current(view.session.id)
        self.changed()

    def _arrive(self, position: int | None) -> None:
        if position is None:
            self.prompt.focus()
            return
        self.transcript.focus()
        self.transcript.go_to(min(position, max(0, len(self.transcript.turns) - 1)))
        words = self.pane.text
        if words:
            self.run_worker(self.transcript.show_hits(words), group="hits")

    def action_last(self) -> None:
        """Go on with the conversation that was used last."""
        if self.pane.newest is not None:
            self.pane.post_message(SessionPane.Chosen(self.pane.newest.id, None))

    async def action_new(self) -> None:
        chat = self._chat
        gone = bool(self._gone)
        await self.leave_session()
        if gone:
            self.learnware = None
        if chat is not None and self.learnware is not None:
            chat.clear()
            self.session = chat.session
        await self.transcript.show([])
        self.prompt.put(self._drafts.pop("", ""))
        self.prompt.focus()
        self.pane.set_current("")
        self.changed()

    async def action_fork(self) -> None:
        """A new conversation that begins as this one up to the marked message."""
        session, at = self.session, self._at()
        if session is None or at is None or self.busy or at >= len(session.turns):
            return
        fork = session.fork(at)
        try:
            await asyncio.to_thread(self.services.save_session, fork)
        except (LwtuiError, OSError) as error:
            self.lwtui.complain(error, "The conversation could not be forked")
            return
        view = SessionView(fork, self.learnware, self._gone)
        await self._enter(view, whole_parts(fork.turns))
        self.prompt.focus()
        self.sessions_changed()
        self.notify(f"A fork with {at + 1} messages; the conversation it came from stays.")

    # Names and the trash

    def _meant(self) -> tuple[str, str]:
        """Id and title of the conversation under the cursor of the list, else of that in sight."""
        selected = self.pane.selected
        if selected and (self.session is None or selected != self.session.id):
            titles = (row.title for row in self.pane.sessions if row.id == selected)
            return selected, next(titles, "")
        if self.session is not None and self.session.turns:
            return self.session.id, self.session.title
        return "", ""

    def action_rename(self) -> None:
        from lwtui.tui.screens.ask import AskScreen

        session_id, title = self._meant()
        if session_id:
            self.app.push_screen(
                AskScreen("Name of this conversation", title), partial(self._rename, session_id)
            )

    def _rename(self, session_id: str, title: str | None) -> None:
        if title is None:
            return
        if self.session is not None and self.session.id == session_id:
            self.session.title = title_of(title)
        self._change(partial(self.services.rename_session, session_id, title), "renamed")

    async def action_delete(self) -> None:
        session_id, title = self._meant()
        if not session_id:
            return
        self._deleted.append((session_id, title))
        here = self.session is not None and self.session.id == session_id
        if here:
            await self.action_new()
            self.pane.focus_list()
        self._change(partial(self.services.delete_session, session_id), "deleted")
        self.notify(
            f"“{one_line(title, 60)}” is in the trash for 30 days. u brings it back.",
            title="Deleted", markup=False, timeout=10,
        )  # fmt: skip

    def action_undelete(self) -> None:
        if self._deleted:
            session_id, title = self._deleted.pop()
            self._change(partial(self.services.restore_session, session_id), "brought back")
            self.notify(f"“{one_line(title, 60)}” is back.", markup=False)

    def _change(self, change: Callable[[], None], what: str) -> None:
        def work() -> None:
            try:
                change()
            except (LwtuiError, OSError) as error:
                tell(self, messages.Failed(f"The conversation could not be {what}", error))
            tell(self, told.SessionsChanged())

        in_thread(work, "chats")

    def on_sessions_changed(self) -> None:
        self.sessions_changed()
        self._show_head()

    # Who answers

    def open_chat(self, learnware: Learnware) -> None:
        """Talk with this learnware; a conversation with it that is open goes on."""
        self.prompt.focus()
        if self.learnware is not None and learnware.id == self.learnware.id and not self._gone:
            if self._chat is None:
                self._load()
            return
        self.run_worker(self._begin_with(learnware), group="session", exclusive=True)

    async def _begin_with(self, learnware: Learnware) -> None:
        await self.leave_session()
        self._chat = None
        self.learnware = learnware
        self._show_head()
        await self.transcript.show([])
        self.prompt.put(self._drafts.pop("", ""))
        self.pane.set_current("")
        self._load()

    def suggest(self, text: str) -> None:
        """Offer a prompt, unless the user has typed one."""
        if not self.prompt.text:
            self.prompt.put(text, select=True)
            self.prompt.focus()

    async def switch_to(self, learnware: Learnware) -> None:
        """The conversation in sight goes on with another learnware."""
        if self.session is None:
            self.open_chat(learnware)
            return
        self.leave_answer()
        self._chat, self.learnware, self._gone = None, learnware, ""
        self._load()
        self.changed()

    def action_pick(self) -> None:
        self.pick_answerer()

    def pick_answerer(self) -> None:
        from lwtui.tui.screens.pick import PickScreen

        begun = self.session is not None and bool(self.session.turns)
        self.app.push_screen(PickScreen("Go on with" if begun else "Talk with"), self._picked)

    def _picked(self, learnware: Learnware | None) -> None:
        if learnware is not None:
            self.run_worker(self.switch_to(learnware), group="session", exclusive=True)
            self.prompt.focus()

    async def send(self, text: str) -> None:
        if self.answerer or self.session is not None:
            await super().send(text)
            return
        self.prompt.clear()
        self.begin_default(text)

    @work(thread=True, exclusive=True, group="default")
    def begin_default(self, text: str) -> None:
        """Nobody was chosen: the base answers."""
        try:
            learnware = self.services.learnware(self.services.default_learnware())
        except (LwtuiError, OSError, StopIteration) as error:
            problem = error if isinstance(error, LwtuiError) else BadInput(str(error))
            self.post_message(messages.Failed("There is no learnware to talk with", problem))
            return
        self.post_message(told.DefaultFound(learnware, text))

    async def on_default_found(self, message: told.DefaultFound) -> None:
        if self.learnware is None:
            self.learnware = message.learnware
            self._show_head()
        await self.ask(message.prompt)
