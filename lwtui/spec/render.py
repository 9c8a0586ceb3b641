"""Renders every dataset through the space's own template, so that layouts can be compared.

Users never share the layout of somebody's training data; the template is all a reference model
sees of layout, besides what is left inside the texts themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lwtui.dataset.example import Example
from lwtui.errors import BadInput

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_ALPACA_HEAD = (
    "Below is an instruction that describes a task{paired}. "
    "Write a response that appropriately completes the request.\n\n"
)
_ALPACA_PAIRED = ", paired with an input that provides further context"


@dataclass(frozen=True)
class Rendered:
    """Token ids of the prompt's and the answer's stretch of one row; the answer may be empty."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


def question_text(example: Example) -> str:
    """System prompt, earlier turns and the question as one text."""
    turns = [content for _, content in example.history]
    return "\n\n".join(part for part in (example.system, *turns, example.question) if part)


def alpaca_prompt(example: Example) -> str:
    """The Alpaca layout (Taori et al. 2023), as PAVE's authors render training data."""
    earlier = "\n\n".join(
        part for part in (example.system, *(c for _, c in example.history)) if part
    )
    instruction = f"{earlier}\n\n{example.prompt}" if earlier else example.prompt
    head = _ALPACA_HEAD.format(paired=_ALPACA_PAIRED if example.input else "")
    text = f"{head}### Instruction:\n{instruction}\n\n"
    if example.input:
        text += f"### Input:\n{example.input}\n\n"
    return f"{text}### Response:\n"


def render(example: Example, template: str, tokenizer: Tokenizer, max_tokens: int) -> Rendered:
    """One row as token ids, at most ``max_tokens``.

    The text of the data is tokenised as plain text: a special token's name in it stays letters.
    A long prompt loses its middle (the task is told at its start or its end) and a long answer its
    end, so that both stay represented.
    """
    answer_text = example.answer or ""
    if template == "starter-chat":
        end = _special(tokenizer, "<|end|>")
        prompt = [
            _special(tokenizer, "<|user|>"),
            *_plain(tokenizer, question_text(example)),
            end,
            _special(tokenizer, "<|assistant|>"),
        ]
        answer = [*_plain(tokenizer, answer_text), end] if answer_text else []
    elif template == "alpaca":
        prompt = _plain(tokenizer, alpaca_prompt(example))
        answer = _plain(tokenizer, answer_text) if answer_text else []
    else:
        raise BadInput(f"The template {template!r} is unknown to this version.")
    if len(prompt) + len(answer) > max_tokens:
        answer = answer[: max(max_tokens // 2, max_tokens - len(prompt))]
        prompt = _without_middle(prompt, max_tokens - len(answer))
    return Rendered(tuple(prompt), tuple(answer))


def batches(rows: Sequence[Rendered], token_budget: int) -> list[list[int]]:
    """Indices of rows of similar length; padded, a batch holds at most about ``token_budget``.

    Sorted by length and index: the same rows always give the same batches.
    """
    order = sorted(range(len(rows)), key=lambda index: (len(rows[index]), index))
    result: list[list[int]] = []
    for index in order:
        if result and len(rows[index]) * (len(result[-1]) + 1) <= token_budget:
            result[-1].append(index)
        else:
            result.append([index])
    return result


def _without_middle(ids: list[int], keep: int) -> list[int]:
    if len(ids) <= keep:
        return ids
    head = keep // 2
    return ids[:head] + ids[len(ids) - (keep - head) :]


def _plain(tokenizer: Tokenizer, text: str) -> list[int]:
    tokenizer.encode_special_tokens = True  # a special token's name in the data is mere text
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def _special(tokenizer: Tokenizer, name: str) -> int:
    number = tokenizer.token_to_id(name)
    if number is None:
        raise BadInput(f"The reference model's tokenizer has no token {name}.")
    return int(number)
