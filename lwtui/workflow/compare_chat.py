"""Compare learnwares in conversation: one prompt, an answer from each, side by side.

The answers are written one after the other, so that the timing of each is its own. Learnwares on
one base share a process that swaps their adapters; another base gets a process of its own, and the
ones before are closed first where memory would not suffice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lwtui.backend.choose import Choice
from lwtui.backend.client import ModelProcess
from lwtui.backend.protocol import Chunk, Finished, ModelPlan, ModelReady
from lwtui.chat.session import ChatSession
from lwtui.chat.store import ChatStore
from lwtui.errors import BackendError, BadInput, Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.workflow.chat import finish_turn, resolve

MOST = 8
"""Participants."""
MEMORY = 1.3
"""Bytes that a loaded model takes, in bytes of its files."""


@dataclass(frozen=True)
class Loading:
    """Its model is being loaded, or its adapter swapped in."""


Step = Loading | ModelReady | Chunk | Finished | LwtuiError
"""What happens to one participant. An answer ends with ``Finished`` or an error."""


@dataclass
class Participant:
    """One learnware and the conversation with it."""

    choice: Choice
    session: ChatSession
    ready: ModelReady | None = None
    finished: Finished | None = None
    """Of the last answer; None while it is not there, or when it failed."""
    error: LwtuiError | None = None
    skip: bool = field(default=False, repr=False)
    """Stopped before its turn came."""

    @property
    def learnware(self) -> str:
        return self.session.learnware

    @property
    def answer(self) -> str:
        """The last answer, as far as it has come."""
        turns = self.session.turns
        return turns[-1].content if turns and turns[-1].role == "assistant" else ""


class Comparison:
    """Learnwares that answer the same prompts. Nothing is written to disk but by :meth:`keep`.
    ``stop`` and ``close`` may be called from any thread, the rest from one worker at a time."""

    def __init__(
        self,
        participants: Sequence[Participant],
        make: Callable[[str], Participant],
        make_room: Callable[[], object] | None = None,
    ) -> None:
        """Use :meth:`open`."""
        self.participants = list(participants)
        self._make = make
        self._make_room = make_room
        self._processes: dict[tuple[str, ...], ModelProcess] = {}
        self._loaded: dict[tuple[str, ...], ModelPlan] = {}
        self._lock = threading.Lock()
        """Guards the two below."""
        self._running: tuple[int, ModelProcess, JobContext] | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        learnwares: Sequence[str],
        *,
        system: str = "",
        changes: Mapping[str, object] | None = None,
        backend: str = "auto",
        collection: Collection,
        make_room: Callable[[], object] | None = None,
    ) -> Comparison:
        """Two learnwares or more. ``changes`` are laid over what each one's task suggests.
        ``make_room`` is called when memory is short: it may free what others hold.

        Loads nothing yet. Raises ``BadInput``: unknown id, or none that can run here.
        """
        names = list(learnwares)
        if not 2 <= len(names) <= MOST:
            raise BadInput(f"A comparison takes 2 to {MOST} learnwares, not {len(names)}.")
        chosen: dict[str, Any] = dict(changes or {})

        def make(name: str) -> Participant:
            choice, usual = resolve(collection, name, backend)
            settings = replace(usual, **chosen)
            session = ChatSession(choice.plan.learnware, system=system, settings=settings)
            return Participant(choice, session)

        return cls([make(name) for name in names], make, make_room)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def sessions(self) -> list[ChatSession]:
        """The conversation with each."""
        return [each.session for each in self.participants]

    def add(self, learnware: str) -> int:
        """One more; returns its place. The last prompt is put to it by :meth:`again`."""
        if len(self.participants) >= MOST:
            raise BadInput(f"A comparison takes at most {MOST} learnwares.")
        if any(session.learnware == learnware for session in self.sessions):
            raise BadInput(f"{learnware} is compared already.")
        newcomer = self._make(learnware)
        asked = [turn for turn in self.sessions[0].turns if turn.role == "user"]
        if asked:
            newcomer.session.ask(asked[-1].content)
        self.participants.append(newcomer)
        return len(self.participants) - 1

    def remove(self, place: int) -> None:
        """Raises ``BadInput`` when only two are left."""
        if len(self.participants) <= 2:
            raise BadInput("Two are left: a comparison needs them.")
        del self.participants[place]

    def ask(self, text: str) -> Iterator[tuple[int, Step]]:
        """Ask all, and stream what comes: (participant's place, step)."""
        if not text.strip():
            raise BadInput("The message is empty.")
        for each in self.participants:
            each.session.ask(text)
        return self._answers(range(len(self.participants)))

    def again(self, place: int | None = None) -> Iterator[tuple[int, Step]]:
        """Have the last prompt answered once more, by one participant or by all."""
        places = range(len(self.participants)) if place is None else [place]
        for each in (self.participants[number] for number in places):
            turns = each.session.turns
            while turns and turns[-1].role == "assistant":
                turns.pop()
            if not turns:
                raise BadInput("There is no question to answer again.")
        return self._answers(places)

    def stop(self, place: int | None = None) -> None:
        """End one participant's answer, or all; what has come is kept."""
        with self._lock:
            for number, each in enumerate(self.participants):
                each.skip = each.skip or place in (None, number)
            running = self._running
        if running is not None and place in (None, running[0]):
            running[2].cancel.cancel()
            running[1].stop()

    def keep(self, place: int) -> ChatSession:
        """Write one participant's conversation among the chats, to go on with it."""
        session = self.participants[place].session
        if not session.turns:
            raise BadInput("There is nothing to go on with yet.")
        with ChatStore() as store:
            store.save(session)
        return session

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self._closed = True
            processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            process.close()

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def order(self, places: Sequence[int] | range) -> list[int]:
        """Those on one base one after the other, so that each base is loaded once."""
        plans = [self.participants[number].choice.plan for number in places]
        first: dict[tuple[str, ...], int] = {}
        for number, plan in enumerate(plans):
            first.setdefault(house(plan), number)
        return sorted(places, key=lambda n: first[house(self.participants[n].choice.plan)])

    def _answers(self, places: Sequence[int] | range) -> Iterator[tuple[int, Step]]:
        order = self.order(places)
        for number in order:
            each = self.participants[number]
            each.finished = each.error = None
            each.skip = False
        for number in order:
            for step in self._answer(number):
                yield number, step

    def _answer(self, number: int) -> Iterator[Step]:
        each = self.participants[number]
        messages = each.session.messages()
        turn = each.session.begin_answer()
        try:
            if each.skip or self._closed:
                raise Cancelled()
            yield Loading()
            context = JobContext()
            process = self._process(each.choice.plan)
            with self._lock:
                self._running = (number, process, context)
                if each.skip or self._closed:
                    raise Cancelled()
            each.ready = self._load(process, each, context)
            yield each.ready
            for item in process.generate(messages, each.session.settings):
                if context.cancel.cancelled:
                    process.stop()  # it was said before there was an answer to stop
                if isinstance(item, Finished):
                    finish_turn(turn, item)
                    each.finished = item
                else:
                    turn.content += item.text
                    turn.tokens = item.tokens
                yield item
        except Cancelled:
            turn.status = "stopped"
            each.finished = Finished("cancelled", 0, turn.tokens, 0.0, turn.seconds)
            yield each.finished
        except LwtuiError as error:
            turn.status, turn.note = "failed", str(error)
            each.error = error
            yield error
        finally:
            if turn.status == "running":
                turn.status = "stopped"
            with self._lock:
                self._running = None

    def _load(self, process: ModelProcess, each: Participant, context: JobContext) -> ModelReady:
        plan, key = each.choice.plan, house(each.choice.plan)
        if each.ready is not None and self._loaded.get(key) == plan:
            return each.ready
        try:
            ready = process.load(plan, context)
        except BackendError:
            # A graphics card's memory cannot be foretold: with the others closed it may do.
            if not self._close_others(key):
                raise
            ready = process.load(plan, context)
        self._loaded[key] = plan
        return ready

    def _close_others(self, key: tuple[str, ...]) -> bool:
        """Free what the other processes hold; whether there was anything."""
        if self._make_room is not None:
            self._make_room()
        others = [other for other in self._processes if other != key]
        for other in others:
            self._processes[other].close()
            self._loaded.pop(other, None)
        return bool(others) or self._make_room is not None

    def _process(self, plan: ModelPlan) -> ModelProcess:
        """The one for the plan's base; others are closed first where memory would not suffice."""
        key = house(plan)
        process = self._processes.get(key)
        if process is not None and process.process_id is not None:
            return process
        if MEMORY * size_of(plan) > free_memory():
            self._close_others(key)
        self._loaded.pop(key, None)
        with self._lock:
            if self._closed:
                raise Cancelled()
            if process is None:
                process = self._processes[key] = ModelProcess()
            return process


def house(plan: ModelPlan) -> tuple[str, ...]:
    """Plans with the same one can share a process: adapters of one base."""
    return (plan.backend, str(plan.base), plan.device, plan.server)


def size_of(plan: ModelPlan) -> int:
    """Bytes of the base's files; 0 for a server's model."""
    if plan.server:
        return 0
    try:
        if plan.base.is_dir():
            return sum(file.stat().st_size for file in plan.base.glob("*.safetensors"))
        return plan.base.stat().st_size
    except OSError:
        return 0  # loading it says what is wrong


def free_memory() -> int:
    """Bytes free for use now."""
    from lwtui.backend.machine import look

    return look().available


def participants_of(collection: Collection, learnwares: Sequence[str]) -> list[str]:
    """The ids to compare, each once; one that is alone is compared with its base.

    Raises ``BadInput`` when it has none.
    """
    names = list(dict.fromkeys(learnwares))
    if len(names) != 1:
        return names
    base = collection.base_of(collection.get(names[0]))
    if base is None or base.id == names[0]:
        raise BadInput(
            f"{names[0]} has no base to be compared with.", hint="Name another learnware."
        )
    return [names[0], base.id]
