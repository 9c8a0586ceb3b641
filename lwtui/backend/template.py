"""From messages to the text a model reads: one renderer for every backend.

Templates come with models from strangers, so they run in Jinja's immutable sandbox, with what
Hugging Face's chat templates may use and nothing more. See "Chat templates" in the transformers
documentation, whose settings (``trim_blocks``, ``lstrip_blocks``, ``raise_exception``,
``strftime_now``, ``tojson``, ``generation`` blocks, loop controls) are the ones here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lwtui.backend.protocol import Message
from lwtui.errors import BackendError, BadInput

if TYPE_CHECKING:
    import jinja2

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PLAIN = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ message['content'] + '\n\n' }}{% else %}"
    "{{ message['role'].capitalize() + ': ' + message['content'] + '\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
PLAIN_STOP = ("\nUser:", "\nSystem:")
"""Where an answer under the plain template ends, as no token of such a model says so."""

# Unicode noncharacters: no text may contain them, so they can mark what must stay literal.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_HERE = "\ufdd2"
"""Where a message ends that the model goes on with."""
_LITERAL = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_TEMPLATE_BUGS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What code in a template raises besides Jinja's own errors."""
_MARKS = str.maketrans("", "", _OPEN + _CLOSE + _HERE)


class ChatTemplate:
    """A compiled template with the special tokens of its tokenizer.

    ``special`` are the texts of the control tokens. Where one occurs in a message it is marked,
    so that :func:`pieces` can have it tokenised as plain characters: nobody closes their own turn
    by typing ``<|im_end|>``.
    """

    def __init__(self, text: str, special: Sequence[str], **tokens: str) -> None:
        import jinja2

        self.stop: tuple[str, ...] = ()
        if not text:
            text = CHATML if {"<|im_start|>", "<|im_end|>"} <= set(special) else PLAIN
            self.stop = PLAIN_STOP if text is PLAIN else ()
        self._literal = literal_marker(special)
        self._tokens = tokens
        try:
            self._template = _environment().from_string(text)
        except jinja2.TemplateError as error:
            raise BackendError(
                f"The model's chat template is broken: {error}",
                hint="Give another one in the manifest (model.chat_template).",
            ) from error

    def render(
        self,
        messages: Sequence[Message],
        generation_prompt: bool = True,
        continue_last: bool = False,
    ) -> str:
        """The text, with control tokens inside messages marked (invisibly) as literal.

        ``continue_last``: it ends with the last message's content, whose turn stays open. Raises
        ``BadInput`` when the template refuses these messages (two turns of one role, no system
        prompt allowed, …).
        """
        import jinja2

        turns = [{"role": m.role, "content": self._literal(m.content)} for m in messages]
        if continue_last and turns:
            turns[-1]["content"] += _HERE
            generation_prompt = False
        try:
            text = self._template.render(
                messages=turns, add_generation_prompt=generation_prompt, **self._tokens
            )
        except (jinja2.TemplateError, *_TEMPLATE_BUGS) as error:
            if any(m.role == "system" for m in messages):
                merged = _system_into_user(messages)
                return self.render(merged, generation_prompt, continue_last)
            raise BadInput(f"The model's chat template refuses this chat: {error}") from error
        if not continue_last:
            return text
        if _HERE not in text:
            raise BadInput("The model's chat template cannot leave the last message open.")
        return text[: text.rindex(_HERE)]


def ends_open(messages: Sequence[Message]) -> bool:
    """Whether the last message is an answer, for the model to go on with."""
    return bool(messages) and messages[-1].role == "assistant"


def literal_marker(special: Sequence[str]) -> Callable[[str], str]:
    """A function that marks every control token of ``special`` in a text as plain characters."""
    longest_first = sorted({t for t in special if t}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def mark(text: str) -> str:
        return pattern.sub(lambda m: f"{_OPEN}{m[0]}{_CLOSE}", text.translate(_MARKS))

    return mark


def pieces(rendered: str) -> Iterator[tuple[str, bool]]:
    """Split a rendered text into (text, literal) pieces, in order, none empty."""
    for index, text in enumerate(_LITERAL.split(rendered)):
        if text:
            yield text.translate(_MARKS), index % 2 == 1


def visible(rendered: str) -> str:
    """A rendered text without the marks, for display."""
    return rendered.translate(_MARKS)


def _system_into_user(messages: Sequence[Message]) -> list[Message]:
    """Some templates know no system role: say it at the top of the first question."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    rest = [m for m in messages if m.role != "system"]
    if rest and rest[0].role == "user":
        rest[0] = Message("user", f"{system}\n\n{rest[0].content}")
    return rest


def _environment() -> jinja2.Environment:
    import jinja2
    import jinja2.ext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(jinja2.ext.Extension):
        """``{% generation %}`` marks answers for training; here its content is just kept."""

        tags = {"generation"}  # noqa: RUF012 - declared so by Jinja

        def parse(self, parser: Any) -> Any:
            parser.stream.skip(1)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def raise_exception(message: str) -> None:
        raise jinja2.TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Generation, "jinja2.ext.loopcontrols"],
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment
