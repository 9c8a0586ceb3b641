"""The section of a card that lwtui writes: what it is, how to use it, what its specification says.

It stands between two comments and is replaced at the next publication; nothing else of a card is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lwtui.learnware.grade import grade_of
from lwtui.learnware.model import Learnware, SpecificationEntry
from lwtui.safe_text import one_line
from lwtui.spec.specification import Specification

OPEN = "<!-- lwtui:learnware -->"
CLOSE = "<!-- /lwtui:learnware -->"
_MARKUP = re.compile(r"([\\`*_\[\]|#~])")

Published = tuple[SpecificationEntry, Specification]
"""A specification as the published manifest has it, and what the file says."""


def section(
    learnware: Learnware, base: str, base_revision: str, specifications: Sequence[Published]
) -> str:
    """Markdown between the two markers, of the learnware as it is published. Equal facts give
    equal text."""
    blocks = [
        _what(learnware, base, base_revision),
        _data(learnware),
        _scores(learnware),
        _use(learnware, base),
        _specification(specifications),
    ]
    return "\n\n".join([OPEN, *(block for block in blocks if block), CLOSE])


def plain(text: str, limit: int = 2_000) -> str:
    """A text on one line that Markdown shows as it is."""
    text = _MARKUP.sub(r"\\\1", one_line(text, limit))
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _what(learnware: Learnware, base: str, revision: str) -> str:
    semantic, model = learnware.semantic, learnware.model
    kinds = {"adapter": "A LoRA adapter", "base": "A base model", "model": "A language model"}
    facts = [
        (
            "What",
            kinds[model.kind] + (f" ({_count(model.parameters)})" if model.parameters else ""),
        ),
        ("For", plain(", ".join(word for word in (semantic.domain, semantic.task) if word), 200)),
        ("Base", f"`{base}`" + (f" at `{revision[:12]}`" if revision else "") if base else ""),
        ("Licence", plain(semantic.licence, 80)),
        ("Formats", ", ".join(learnware.formats)),
    ]
    rows = "\n".join(f"- **{name}:** {value}" for name, value in facts if value)
    about = plain(semantic.description)
    heading = "## Learnware\n\nA learnware is a model with a specification of what it is good at."
    return "\n\n".join(part for part in (heading, about, rows) if part)


def _count(parameters: int) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6)):
        if parameters >= size:
            return f"{parameters / size:.3g} {unit} parameters"
    return f"{parameters:,} parameters"


def _data(learnware: Learnware) -> str:
    rows = [
        (plain(d.name, 200), plain(d.licence, 80) or "not stated", plain(d.source, 200), d.rows)
        for d in learnware.semantic.data
    ]
    if not rows:
        return ""
    lines = [(name, licence, source, f"{n:,}" if n else "") for name, licence, source, n in rows]
    return "### Data\n\n" + _table(("data", "licence", "from", "rows"), lines)


def _scores(learnware: Learnware) -> str:
    if not learnware.scores:
        return ""
    lines = [
        (
            plain(score.task, 200),
            plain(score.metric, 80),
            f"{score.value:g}",
            "" if score.base is None else f"{score.base:g}",
            str(score.rows or ""),
        )
        for score in learnware.scores
    ]
    note = "As its author measured it."
    if any(score.metric == "answer loss" for score in learnware.scores):
        note += " Answer loss: nats per token, lower is better."
    head = ("task", "measure", "this", "bare base", "rows")
    return f"### Scores\n\n{_table(head, lines)}\n\n{note}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _use(learnware: Learnware, base: str) -> str:
    identifier = learnware.id
    parts = [
        "### Use",
        f"```\nlwtui pull {identifier}\nlwtui chat {identifier}\n```",
    ]
    formats = learnware.formats
    if "peft" in formats and base:
        parts.append(
            "With [PEFT](https://huggingface.co/docs/peft):\n\n```python\n"
            "from peft import AutoPeftModelForCausalLM\n"
            "from transformers import AutoTokenizer\n\n"
            f'model = AutoPeftModelForCausalLM.from_pretrained("{identifier}")\n'
            f'tokenizer = AutoTokenizer.from_pretrained("{base}")\n```'
        )
    elif "safetensors" in formats:
        parts.append(
            "With [Transformers](https://huggingface.co/docs/transformers):\n\n```python\n"
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            f'model = AutoModelForCausalLM.from_pretrained("{identifier}")\n'
            f'tokenizer = AutoTokenizer.from_pretrained("{identifier}")\n```'
        )
    files = [f.path for f in learnware.model.files if f.format in ("gguf", "gguf-lora")]
    if files:
        run = f"-m {files[0]}" if "gguf" in formats else f"-m BASE.gguf --lora {files[0]}"
        whose = "" if "gguf" in formats else f" (`BASE.gguf` is the GGUF of {base or 'its base'})"
        parts.append(
            f"With [llama.cpp](https://github.com/ggml-org/llama.cpp){whose}:\n\n```\n"
            f"hf download {identifier} {files[0]} --local-dir .\nllama-cli {run}\n```"
        )
    return "\n\n".join(parts)


def _specification(specifications: Sequence[Published]) -> str:
    if not specifications:
        return (
            "### Specification\n\nNone: it is published for adapters to build on, and matching "
            "cannot find it by itself."
        )
    lines = []
    for entry, found in specifications:
        numbers = sum(vector.size for vector in found.parts.values())
        grade = grade_of(entry.origin)
        lines.append(
            f"- `learnware/{entry.file}`: {numbers:,} numbers of {found.rows} rows, grade "
            f"{grade.letter} ({grade.words}); space `{entry.space}`, recipe `{entry.recipe}`."
            + (f" {plain(found.privacy.text, 400)}" if found.privacy else "")
        )
    noised = all(found.privacy is not None for _, found in specifications)
    return (
        "### Specification\n\n"
        "In `learnware/`, so that lwtui can compare it with somebody's data without downloading "
        "the weights:\n\n"
        + "\n".join(lines)
        + "\n\nIt says which way a small reference model would change if it learnt the data. No "
        "row of the data is in it, and lwtui sends none. That is not anonymity: it is computed "
        "from the data, published attacks reconstruct text from gradients, and whoever holds a "
        "row can often tell whether it went in."
        + ("" if noised else " No noise was added against that.")
    )
