"""The one protocol every backend speaks. Plain data only: it crosses a process boundary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

BackendName = Literal["transformers", "llama_cpp", "openai"]


@dataclass(frozen=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ModelPlan:
    """What to load: resolved paths, no ids. Plans with the same ``base`` share a loaded base."""

    learnware: str
    """Id, for messages."""
    backend: BackendName
    base: Path
    """transformers: folder of the base or whole model; llama_cpp: the base or whole GGUF."""
    adapter: Path | None = None
    """transformers: folder of the PEFT adapter; llama_cpp: the LoRA GGUF."""
    chat_template: str = ""
    """Jinja text; empty: from the tokenizer or GGUF metadata, else the default."""
    context_length: int = 0
    """Tokens; 0: what the model was trained with."""
    device: str = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``."""
    server: str = ""
    """openai: base URL of the API; ``base`` is then empty."""
    served_model: str = ""
    """openai: the server's name of the model; empty: the only one it has."""


@dataclass(frozen=True)
class ModelReady:
    """What was loaded."""

    learnware: str
    backend: BackendName
    device: str
    context_length: int
    load_seconds: float
    base_loads: int = 0
    """How many times this process has loaded a base so far: a swapped adapter does not add one."""
    process_id: int = 0


@dataclass(frozen=True)
class GenerationSettings:
    max_tokens: int = 512
    temperature: float = 0.7
    """0: greedy."""
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    ignore_end: bool = False
    """Go on past the model's own end of an answer: for measuring speed."""


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer as it streams."""

    text: str
    tokens: int
    """Tokens generated so far."""


@dataclass(frozen=True)
class Finished:
    """The end of an answer; always the last thing of a stream that did not raise."""

    reason: Literal["stop", "length", "cancelled"]
    prompt_tokens: int
    tokens: int
    seconds_to_first: float
    seconds: float
    dropped_messages: int = 0
    """Oldest turns left out because the context was full."""
    truncated_tokens: int = 0
    """Tokens cut from the start of the last message, as it alone was longer than the context."""

    @property
    def speed(self) -> float:
        """Tokens a second from the first to the last; 0.0 where it cannot be told."""
        seconds = self.seconds - self.seconds_to_first
        return (self.tokens - 1) / seconds if self.tokens > 1 and seconds > 0 else 0.0


@dataclass(frozen=True)
class Continuation:
    """A text and what may follow it; its log-likelihood is asked for."""

    context: str
    """Already rendered text (chat template applied where wanted)."""
    continuation: str


@dataclass(frozen=True)
class LogLikelihood:
    """Natural logarithms, summed over the continuation's tokens."""

    total: float
    tokens: int
    greedy: bool
    """Would greedy decoding give exactly this continuation?"""


@dataclass(frozen=True)
class Completion:
    """A rendered text to go on from, as an evaluation asks: the same request, the same answer."""

    context: str
    """Already rendered text (chat template applied where wanted)."""
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    """0: greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0: all."""
    seed: int = 0


@dataclass(frozen=True)
class Completed:
    """What followed; the stop text is not part of it."""

    text: str
    tokens: int
    reason: Literal["stop", "length"]


def never() -> bool:
    """The ``stopped`` of an answer that nobody stops."""
    return False


def ignore(done: int) -> None:
    """The ``done`` of scores that nobody waits for."""


class Backend(Protocol):
    """A loaded model. Implementations run inside the model's process; ``client.py`` mirrors this
    outside it."""

    def load(self, plan: ModelPlan) -> ModelReady:
        """Load, or swap the adapter if the base is already loaded."""

    def render(
        self,
        messages: Sequence[Message],
        generation_prompt: bool = True,
        continue_last: bool = False,
    ) -> str:
        """The prompt text the model sees.

        ``generation_prompt``: whether it ends with what begins an answer. ``continue_last``: it
        ends, instead, within the last message, for the model to go on from there.
        """

    def generate(
        self,
        messages: Sequence[Message],
        settings: GenerationSettings,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[Chunk | Finished]:
        """Stream an answer, or what follows in it when the last message is one (of the assistant).
        ``stopped`` is asked before every token and every slice of a long
        prompt; once it says yes the stream ends with a ``Finished`` of reason ``cancelled``."""

    def loglikelihoods(
        self, requests: Sequence[Continuation], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        """One result a request, in order. ``done`` hears how many are ready, and may raise."""

    def rolling(
        self, texts: Sequence[str], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        """Log-likelihood of whole texts of any length, each token foretold once, in windows as
        lm-evaluation-harness cuts them. ``done`` hears how many texts' worth is ready."""

    def complete(
        self, requests: Sequence[Completion], done: Callable[[int], None] = ignore
    ) -> list[Completed]:
        """Texts that follow, one a request, in order; batched where that is faster.

        An answer ends at a stop text, at a token that ends turns, or at its length. The same
        request to the same model has the same answer whatever else is asked with it, up to
        floating-point noise: sums are made in another order in a batch of another shape, so that
        where two tokens are as good as equally likely the other may be taken, and the text after
        it differs. The same list of requests twice has the same answers, to the last character.
        ``done`` hears at every step how many answers have ended, and may raise.
        """

    def unload(self) -> None:
        """Free the weights; ``load`` works again after it."""


@dataclass(frozen=True)
class BackendStatus:
    """Whether a backend can run here, and if not what to do about it."""

    name: BackendName
    available: bool
    devices: tuple[str, ...] = ()
    version: str = ""
    reason: str = ""
    hint: str = ""
    details: dict[str, str] = field(default_factory=dict)
