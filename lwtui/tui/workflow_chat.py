"""Chat for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from lwtui.tui.chat_services import ChatHandle

if TYPE_CHECKING:
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection
    from lwtui.workflow.chat import Chat

BASE = "starter/base"
"""What answers when the user has chosen nothing."""


class WorkflowChat(ABC):
    """Implements :class:`lwtui.tui.chat_services.ChatServices`."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._chat: Chat | None = None

    @abstractmethod
    def _open(self) -> Collection: ...

    def default_learnware(self) -> str:
        collection = self._open()
        if collection.find(BASE) is not None:
            return BASE
        first = collection.list(kind="base", limit=1) or collection.list(limit=1)
        return first[0].id if first else BASE

    def open_chat(self, learnware_id: str, context: JobContext) -> ChatHandle:
        from lwtui.workflow.chat import Chat

        with self._loading:
            context.check()  # another learnware may have been chosen while this one waited
            chat = self._chat
            if chat is None:
                chat = Chat.open(learnware_id, collection=self._open(), context=context)
                self._chat = chat
            else:
                # The same process goes on: on the same base only the adapter is swapped.
                chat.clear()
                chat.switch(learnware_id, context)
            return chat

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
