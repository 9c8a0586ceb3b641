"""Writes ``models/README.md``: what the collection holds, measured scores, unpicked answers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from lwtui import paths
from lwtui.backend.protocol import Chunk
from lwtui.dataset import open_dataset
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.workflow.chat import Chat
from lwtui.workflow.match import match

HEAD = """\
# The starter collection

One base model and {count} LoRA adapters on it, made by the scripts in `lwtui/starter/`. They are there so
that matching and chatting are real offline. **They are tiny and often wrong: use them for nothing that
matters.**

- **Base** (`starter/base`): Llama architecture, 10.8 million parameters (8 layers, width 320, 6,144
  tokens, context 1,024), trained from scratch on 260 million tokens (about 20 passes) of textbooks, old
  books and speeches, with 15 % of the tokens from at most 400 rows of each of 38 tasks as chat. Held-out
  loss on general text: 3.52 nats/token at the end and 3.43 after 60 %, so a shorter run would have
  been a little better. The base was trained on one GPU in 3 minutes.
- **Adapters**: rank 2 to 6 on q, v, o, up and down, trained on the answers' tokens, the best of eight
  stages on held-out training rows kept. Some are deliberate near twins, weak ones or mixtures; two
  generalists a domain mix all its tasks.
- **Forms**: safetensors (bfloat16) and GGUF (base Q8_0, adapters F16).
- **Specifications**: recipe `gradient` in the space `starter`, from 64 training rows each, half of them
  without their instruction.
- **Never trained on**, by the base or any adapter: {unseen}.
"""


def answers(learnware: str, questions: list[str]) -> Iterator[str]:
    """Greedy answers, at most 96 tokens."""
    changes = {"max_tokens": 96, "temperature": 0.0}
    with Chat.open(learnware, changes=changes, keep=False) as chat:
        for question in questions:
            chat.clear()
            yield "".join(part.text for part in chat.ask(question) if isinstance(part, Chunk))


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(learnwares: list[Learnware]) -> Iterator[str]:
    yield "| learnware | domain | rank | answer loss (base) | exact match (base) |"
    yield "| --- | --- | --- | --- | --- |"
    for item in learnwares:
        rank = item.model.parameters // 32_768
        losses = [s for s in item.scores if s.metric == "answer loss"]
        exact = [s for s in item.scores if s.metric == "exact match"]
        yield (
            f"| {item.name} | {item.semantic.domain} | {rank} | "
            + ", ".join(f"{s.value:.2f} ({s.base:.2f})" for s in losses)
            + " | "
            + ", ".join(f"{s.value:.0%} ({s.base:.0%})" for s in exact)
            + " |"
        )


def demo_section(folder: Path, rows: int) -> Iterator[str]:
    """The first rows of a demo dataset and what its best match answers, whatever that is."""
    result = match(folder, top=3)
    yield f"### {folder.name}"
    yield ""
    ranked = ", ".join(f"{m.id} ({m.similarity:.2f})" for m in result.matches)
    yield f"Ranked: {ranked}. Confidence: {result.confidence}. Answers of `{result.selected}`:"
    yield ""
    yield "| row | question | answer of the model | answer in the data |"
    yield "| --- | --- | --- | --- |"
    examples = open_dataset(folder).preview(rows)
    found = answers(result.selected or "", [example.question for example in examples])
    for number, (example, answer) in enumerate(zip(examples, found, strict=True), 1):
        yield (
            f"| {number} | {cell(example.question)} | {cell(answer)} | "
            f"{cell(example.answer or '')} |"
        )
    yield ""


def main() -> None:
    from lwtui.starter import plan

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/README.md"))
    parser.add_argument("--rows", type=int, default=6)
    arguments = parser.parse_args()
    with Collection.open() as collection:
        every = [i for i in collection.list() if i.id.startswith("starter/")]
    adapters = [item for item in every if item.model.kind == "adapter"]
    unseen = ", ".join(sorted(task.split("/")[1] for task in plan.UNSEEN))
    lines = [HEAD.format(count=len(adapters), unseen=unseen)]
    rows = max((s.rows for item in adapters for s in item.scores), default=0)
    lines += [
        "## Measured",
        "",
        f"On the first {rows} test rows of each one's own task (`python -m lwtui.starter.measure`): mean",
        "answer loss in nats per token, and the share of answers that greedy decoding gives exactly.",
        "",
        *table(adapters),
        "",
        "## Answers, unpicked",
        "",
        "The first rows of each demo dataset, asked of its best match, greedily, at most 96 tokens",
        "(`python -m lwtui.starter.report`).",
        "",
    ]
    for folder in sorted(paths.demo_root().iterdir()):
        if folder.is_dir():
            lines += demo_section(folder, arguments.rows)
    lines += ["## Data", "", "Used with thanks, under the licences named:", ""]
    sources = {(s.name, s.licence, s.source) for item in every for s in item.semantic.data}
    lines += [f"- {name}: {licence}; {source}" for name, licence, source in sorted(sources)]
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
