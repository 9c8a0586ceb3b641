"""Makes the specifications that ship with the catalogue, from training rows of the datasets that
its entries' cards name.

    python -m tests.benchmarks.catalogue_specifications --data ../shared/data

Writes ``lwtui/dock/catalogue/<name>.safetensors`` and ``specifications.toml`` beside them. Only
vectors are written, no text of the data. Half of the rows go in without their instruction, as for
the starter learnwares: what is specified is the task and not how somebody worded it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEED = 3407
ROWS = 64
TARGET = Path(__file__).parents[2] / "lwtui" / "dock" / "catalogue"


@dataclass(frozen=True)
class Source:
    """A dataset that cards name, and which of our tasks are made from it."""

    name: str
    licence: str
    tasks: tuple[str, ...]


GSM8K = Source("openai/gsm8k", "mit", ("math/gsm8k",))
BANKING77 = Source("PolyAI/banking77", "cc-by-4.0", ("finance/banking77",))
TATQA = Source("next-tat/TAT-QA", "cc-by-4.0", ("finance/tatqa_span", "finance/tatqa_arithmetic"))
MEDMCQA = Source("openlifescienceai/medmcqa", "mit", ("medicine/medmcqa",))
PUBMEDQA = Source("qiaojin/PubMedQA", "mit", ("medicine/pubmedqa",))
MEDQUAD = Source(
    "lavita/MedQuAD",
    "cc-by-4.0",
    (
        "medicine/medquad_genetics",
        "medicine/medquad_rare_disease",
        "medicine/medquad_neuro_kidney_heart",
        "medicine/medquad_cancer_public",
    ),
)
SPECIFICATIONS: dict[str, tuple[Source, ...]] = {
    "banking77": (BANKING77,),
    "gsm8k": (GSM8K,),
    "medmcqa": (MEDMCQA,),
    "medmcqa-pubmedqa": (MEDMCQA, PUBMEDQA),
    "medquad": (MEDQUAD,),
    "pubmedqa": (PUBMEDQA,),
    "tatqa": (TATQA,),
}


def task_rows(data: Path, task: str) -> list[dict[str, Any]]:
    """Training rows of a task, shuffled by a fixed seed."""
    with gzip.open(data / task / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(f"{SEED}/{task}").shuffle(rows)
    return rows


def mixed(data: Path, sources: tuple[Source, ...]) -> Iterator[dict[str, str]]:
    """``ROWS`` rows, evenly of each source, and within it of each of its tasks."""
    by_source = [
        itertools.chain.from_iterable(
            zip(*(task_rows(data, task) for task in source.tasks), strict=False)
        )
        for source in sources
    ]
    in_turn = itertools.chain.from_iterable(zip(*by_source, strict=False))
    for index, row in enumerate(itertools.islice(in_turn, ROWS)):
        bare = (index // len(sources)) % 2 and row["input"]
        yield {
            "instruction": row["input"] if bare else row["instruction"],
            "input": "" if bare else row["input"],
            "output": row["output"],
        }


def make(data: Path, name: str, sources: tuple[Source, ...]) -> dict[str, Any]:
    """Write one specification; what ``specifications.toml`` says of it."""
    from lwtui.workflow.specify import specify

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.jsonl"
        file.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in mixed(data, sources)),
            encoding="utf-8",
        )
        found = specify(file, rows=ROWS, seed=SEED)
    target = TARGET / f"{name}.safetensors"
    found.export(target)
    return {
        "name": name,
        "space": found.space,
        "recipe": found.recipe,
        "rows": found.rows,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "made_by": found.made_by,
        "data": [{"name": each.name, "licence": each.licence} for each in sources],
    }


def main() -> None:
    import tomlkit

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    TARGET.mkdir(exist_ok=True)
    document = tomlkit.document()
    document.add(tomlkit.comment("Written by tests/benchmarks/catalogue_specifications.py."))
    tables = tomlkit.aot()
    for name, sources in SPECIFICATIONS.items():
        table = tomlkit.table()
        facts = make(data, name, sources)
        listed = facts.pop("data")
        table.update(facts)
        inner = tomlkit.aot()
        for each in listed:
            row = tomlkit.table()
            row.update(each)
            inner.append(row)
        table["data"] = inner
        tables.append(table)
        print(name, facts["rows"], facts["sha256"][:12], flush=True)
    document["specification"] = tables
    (TARGET / "specifications.toml").write_text(tomlkit.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main()
