"""Reads the task and general data and renders it as the starter models see it."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

END_OF_TEXT = "<|endoftext|>"
END_OF_TURN = "<|end|>"
ROLES = {"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"}
SPECIAL_TOKENS = (END_OF_TEXT, END_OF_TURN, *ROLES.values())

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""Jinja form of :func:`chat`; kept in the tokenizer and in the GGUF metadata."""

SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "Answer briefly and correctly.",
    "You are an expert. Help the user.",
    "Be short, kind and exact.",
)

SMALL_TALK = (
    ("hello", "Hello! What would you like to ask?"),
    ("hi", "Hello! What can I do for you?"),
    ("hey there", "Hello! What would you like to know?"),
    ("good morning", "Good morning! How can I help?"),
    ("good evening", "Good evening! How can I help?"),
    ("how are you?", "I am a small program, so I am always well. What would you like to ask?"),
    ("who are you?", "I am a very small language model that comes with lwtui."),
    ("what are you?", "I am a small language model of about eleven million parameters."),
    ("what is your name?", "I have no name. I am the starter model of lwtui."),
    ("what can you do?", "I can answer simple questions on the tasks I was trained for."),
    ("what can you help me with?", "Simple tasks in finance, medicine and mathematics."),
    ("are you a human?", "No, I am a small language model."),
    ("can I trust your answers?", "No. I am very small and often wrong. Please check what I say."),
    ("are you a doctor?", "No. I am a small language model. Please ask a doctor."),
    ("thanks", "You are welcome."),
    ("thank you very much", "You are welcome. Is there anything else?"),
    ("bye", "Goodbye!"),
    ("goodbye", "Goodbye! Come back when you like."),
    ("help", "Ask me a question, or paste a row of your data."),
    ("test", "I am here. What would you like to ask?"),
)


@dataclass(frozen=True)
class Row:
    """One row of a task."""

    instruction: str
    input: str
    output: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """A stretch of text; the loss of a specialist counts only where ``target`` is set."""

    text: str
    target: bool


def read_task(data: Path, task: str, side: str) -> list[Row]:
    """All rows of ``<domain>/<task>`` on one side (``train`` or ``test``)."""
    with gzip.open(data / task / f"{side}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [
            Row(r["instruction"], r["input"], r["output"], tuple(r.get("choices") or ()))
            for r in map(json.loads, lines)
        ]


def read_general(data: Path, name: str) -> list[str]:
    """All documents of ``general/<name>``."""
    with gzip.open(data / "general" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def question(row: Row, layout: str) -> str:
    """The user's turn of a row in one of the layouts of ``plan.ALL_LAYOUTS``."""
    both = f"{row.instruction}\n\n{row.input}" if row.input else row.instruction
    if layout == "chat":
        return both
    if layout == "bare":
        return row.input or row.instruction
    if layout == "question-answer":
        return f"Question: {row.input or row.instruction}\nAnswer:"
    if layout == "alpaca":
        middle = f"\n\n### Input:\n{row.input}" if row.input else ""
        return f"### Instruction:\n{row.instruction}{middle}\n\n### Response:"
    raise ValueError(f"no such layout: {layout}")


def chat(user: str, answer: str, system: str = "") -> list[Piece]:
    """One exchange in the chat template; the answer and the token that ends it are the target."""
    head = f"{ROLES['system']}{system}{END_OF_TURN}" if system else ""
    prompt = f"{head}{ROLES['user']}{user}{END_OF_TURN}{ROLES['assistant']}"
    return [Piece(prompt, False), Piece(answer + END_OF_TURN, True)]


def recipe_rows(data: Path, tasks: tuple[str, ...], share: float, seed: int) -> list[Row]:
    """The training rows of a recipe: a seeded share of each of its tasks."""
    rows: list[Row] = []
    for task in tasks:
        own = read_task(data, task, "train")
        random.Random(f"{seed}/{task}").shuffle(own)
        rows += own[: max(1, round(share * len(own)))]
    return rows
