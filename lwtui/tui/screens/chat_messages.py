"""What can be done with a message of a conversation: copy, edit, answer anew, fork, find."""

from __future__ import annotations

from textual import on

from lwtui.tui.screens.chat_core import ChatCore
from lwtui.tui.text import clean
from lwtui.tui.widgets.code_blocks import code_blocks
from lwtui.tui.widgets.find_bar import FindBar
from lwtui.tui.widgets.transcript import Transcript


class ChatMessages(ChatCore):
    def __init__(self) -> None:
        super().__init__()
        self._editing: int | None = None
        """The message that the prompt is written in place of."""
        self._draft = ""
        """What the prompt held before."""
        self._hits: list[int] = []
        self._hit = 0

    # Which message

    def _at(self) -> int | None:
        """The marked message, else the last."""
        turns = self.transcript.turns
        if self.position is not None:
            return self.position
        return len(turns) - 1 if turns else None

    def _at_role(self, role: str) -> int | None:
        """The marked message if it is of this role, else the last one that is, up to the mark."""
        at = self._at()
        turns = self.transcript.turns
        while at is not None and at >= 0:
            if turns[at].role == role:
                return at
            at -= 1
        return None

    @property
    def can_go_on(self) -> bool:
        """The last message is an answer with words in it."""
        turns = self.transcript.turns
        return bool(turns and turns[-1].role == "assistant" and turns[-1].content)

    # Copy

    def action_copy(self) -> None:
        """The marked message, else the last answer."""
        at = self.position if self.position is not None else self._at_role("assistant")
        if at is not None:
            self._copy(self.transcript.turns[at].content, "The message is copied.")

    def action_copy_marked(self) -> None:
        self.action_copy()

    def _copy(self, text: str, said: str) -> None:
        self.app.copy_to_clipboard(clean(text))
        self.notify(said)

    def action_copy_code(self) -> None:
        at = self._at_role("assistant") if self.position is None else self.position
        blocks = code_blocks(self.transcript.turns[at].content) if at is not None else []
        if not blocks:
            self.notify("There is no code in this message.", severity="warning")
        elif len(blocks) == 1:
            self._copy(blocks[0].code, "The code is copied.")
        else:
            from lwtui.tui.screens.pick_code import PickCodeScreen

            def picked(code: str | None) -> None:
                if code is not None:
                    self._copy(code, "The code is copied.")

            self.app.push_screen(PickCodeScreen(blocks), picked)

    # Ask anew

    async def action_regenerate(self) -> None:
        turns = self.transcript.turns
        if self.busy or not turns:
            return
        at = self.position
        if at is not None and at < len(turns) - 2:
            self.notify("Only the last answer is given anew. f begins a fork from this message, "
                        "e asks it in other words.")  # fmt: skip
        elif self.answerer:
            await self.regenerate()
        else:
            self.pick_answerer()

    async def action_go_on(self) -> None:
        if not self.busy and self.can_go_on:
            await self.go_on()

    def pick_answerer(self) -> None:
        """Let the user choose who answers."""

    def action_edit(self) -> None:
        """Put the marked question into the prompt."""
        at = self._at_role("user")
        if at is None or self.busy:
            return
        if self._editing is None:
            self._draft = self.prompt.text
        self._editing = at
        self.prompt.put(clean(self.transcript.turns[at].content))
        self.transcript.go_to(at)
        self.prompt.focus()
        self.changed()

    def cancel_edit(self) -> None:
        """The message stays as it was."""
        if self._editing is not None:
            self._editing = None
            self.prompt.put(self._draft)
            self.changed()

    async def send(self, text: str) -> None:
        if not self.answerer and self.session is not None:
            self.pick_answerer()  # the text stays in the prompt
            return
        at, self._editing = self._editing, None
        self.prompt.clear()
        if at is not None:
            self.prompt.put(self._draft)
        self.transcript.mark(None)
        await self.ask(text, at)
        self.changed()

    # Find in this conversation

    def action_find(self) -> None:
        self.query_one(FindBar).begin()

    @on(FindBar.Typed)
    async def _find(self, event: FindBar.Typed) -> None:
        wanted = event.text.casefold()
        turns = self.transcript.turns
        self._hits = [
            place
            for place, turn in enumerate(turns)
            if wanted and wanted in turn.content.casefold()
        ]
        await self.transcript.show_hits(event.text)
        before = [n for n, place in enumerate(self._hits) if place <= (self._at() or 0)]
        self._hit = before[-1] if before else 0
        self._show_hit()

    def _show_hit(self) -> None:
        bar = self.query_one(FindBar)
        if self._hits:
            self.transcript.go_to(self._hits[self._hit])
            bar.say(f"{self._hit + 1} of {len(self._hits)}")
        else:
            bar.say("nothing" if bar.text else "")

    def _step_hit(self, step: int) -> None:
        if self._hits:
            self._hit = (self._hit + step) % len(self._hits)
            self._show_hit()

    @on(FindBar.Step)
    def _stepped(self, event: FindBar.Step) -> None:
        self._step_hit(event.step)

    def action_hit(self, step: int) -> None:
        self._step_hit(step)

    @on(FindBar.Entered)
    def _found_it(self) -> None:
        self.transcript.focus()

    @on(FindBar.Closed)
    async def _close_find(self) -> None:
        await self.close_find()
        self.transcript.focus()

    async def close_find(self) -> None:
        self.query_one(FindBar).end()
        self._hits = []
        await self.transcript.show_hits("")

    @on(Transcript.Marked)
    def _marked(self) -> None:
        self.refresh_bindings()
