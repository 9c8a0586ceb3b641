"""Chat for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from lwtui.tui.chat_services import ChatHandle, SessionView

if TYPE_CHECKING:
    from lwtui.chat.find import Found
    from lwtui.chat.session import ChatSession
    from lwtui.chat.store import ChatStore, SessionSummary
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection
    from lwtui.workflow.chat import Chat

BASE = "starter/base"
"""What answers when the user has chosen nothing."""
FOUND = 100
"""Messages that a search shows at most."""


class WorkflowChat(ABC):
    """Implements :class:`lwtui.tui.chat_services.ChatServices`."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._chat: Chat | None = None
        self._opening = threading.Lock()
        self._chats: ChatStore | None = None

    @abstractmethod
    def _open(self) -> Collection: ...

    def default_learnware(self) -> str:
        collection = self._open()
        if collection.find(BASE) is not None:
            return BASE
        first = collection.list(kind="base", limit=1) or collection.list(limit=1)
        return first[0].id if first else BASE

    def open_chat(
        self, learnware_id: str, context: JobContext, session: ChatSession | None = None
    ) -> ChatHandle:
        from lwtui.workflow.chat import Chat

        with self._loading:
            context.check()  # another learnware may have been chosen while this one waited
            chat = self._chat
            if chat is None:
                chat = Chat.open(learnware_id, collection=self._open(), context=context)
                if session is not None:
                    chat.take(session)
                self._chat = chat
                return chat
            # The same process goes on: on the same base only the adapter is swapped.
            if session is not None:
                chat.session = session
            else:
                chat.clear(fresh=True)
            chat.switch(learnware_id, context)
            return chat

    def _store(self) -> ChatStore:
        from lwtui.chat.store import ChatStore

        with self._opening:
            if self._chats is None:
                self._chats = ChatStore()
            return self._chats

    def sessions(self, offset: int, limit: int) -> list[SessionSummary]:
        return self._store().list(limit=limit, offset=offset)

    def find_messages(self, text: str) -> list[Found]:
        return self._store().find(text, FOUND)

    def open_session(self, session_id: str) -> SessionView:
        from lwtui.backend.served import is_served

        session = self._store().load(session_id)
        if is_served(session.learnware):
            return SessionView(session, None)
        learnware = self._open().find(session.learnware)
        if learnware is None:
            return SessionView(session, None, f"{session.learnware} is not on this machine.")
        if not learnware.pulled:
            return SessionView(session, learnware, f"The model of {learnware.id} is not here.")
        return SessionView(session, learnware)

    def save_session(self, session: ChatSession) -> None:
        self._store().save(session)

    def rename_session(self, session_id: str, title: str) -> None:
        self._store().rename(session_id, title)

    def delete_session(self, session_id: str) -> None:
        self._store().delete(session_id)

    def restore_session(self, session_id: str) -> None:
        self._store().restore(session_id)

    def stop_chats(self) -> None:
        """Stop what models write, at once and from any thread."""
        chat = self._chat
        if chat is not None:
            chat.stop()

    def close_chats(self) -> None:
        """End every model's process."""
        chat, self._chat = self._chat, None
        if chat is not None:
            chat.close()
        with self._opening:
            chats, self._chats = self._chats, None
            if chats is not None:
                chats.close()
