"""Rows of the datasets that a model's card names, sampled from the Hub.

Of each dataset only as much is fetched as a budget allows: the beginning of a text file and pieces
from within it, the row groups of a Parquet file that are needed. What is a program is never run:
such a dataset is read from the Parquet files that the Hub has made of it (the branch
``refs/convert/parquet``), if there are any. Runs in a process of its own.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lwtui.dataset.example import Example
from lwtui.dock import hub
from lwtui.dock.dataset_files import DataFile, choose, data_files, is_script_only
from lwtui.dock.dataset_rows import fetch_rows
from lwtui.dock.remote_file import Budget
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.safe_text import one_line

MOST_DATASETS = 8
"""A card may name hundreds; the first ones are sampled."""
BYTES = 24 * 1024 * 1024
"""Fetched at most of one dataset."""
SECONDS = 180.0
"""A server that drips is given up after this time."""
CONVERTED = "refs/convert/parquet"
_INFO_LIMIT = 16 * 1024 * 1024
_TREE_PAGES = 5
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_POOL = 4
"""Rows looked at for each one that is used."""


@dataclass(frozen=True)
class Sampled:
    """What was read of one dataset; ``problem`` says why nothing was."""

    name: str
    revision: str = ""
    """Commit."""
    licence: str = ""
    files: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0
    problem: str = ""


def is_dataset_name(name: str) -> bool:
    """Whether it can be the name of a dataset on the Hub: ``owner/name``, or an old one without
    an owner."""
    return _NAME.fullmatch(name) is not None and ".." not in name


def run(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Entry point for :func:`lwtui.isolated.run_isolated`.

    Samples ``rows`` rows evenly of the datasets ``names`` and writes them to
    ``folder``/rows.jsonl, the only file that is left there; answers with a list of what
    :class:`Sampled` has.
    """
    names = [name for name in dict.fromkeys(request["names"]) if is_dataset_name(name)]
    names = names[:MOST_DATASETS]
    folder, rows = Path(request["folder"]), int(request["rows"])
    found: list[Sampled] = []
    pools: list[list[Example]] = []
    for number, name in enumerate(names):
        sampled, pool = _sample(name, rows, folder / f"dataset-{number}", context)
        found.append(sampled)
        pools.append(pool)
        context.check()
    shares = _shares([len(pool) for pool in pools], rows)
    examples = [each for pool, share in zip(pools, shares, strict=True) for each in pool[:share]]
    found = [
        dataclasses.replace(each, rows=share) for each, share in zip(found, shares, strict=True)
    ]
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as out:
        for example in examples:
            out.write(json.dumps(_row(example)) + "\n")
    return {"datasets": [dataclasses.asdict(each) for each in found], "rows": len(examples)}


def _shares(sizes: Sequence[int], rows: int) -> list[int]:
    """``rows`` split evenly; what one has too few of, the others make up for."""
    shares = [0] * len(sizes)
    while sum(shares) < min(rows, sum(sizes)):
        for index, size in enumerate(sizes):
            if shares[index] < size and sum(shares) < rows:
                shares[index] += 1
    return shares


def _row(example: Example) -> dict[str, str]:
    earlier = [example.system, *(content for _, content in example.history), example.prompt]
    return {
        "instruction": "\n\n".join(part for part in earlier if part),
        "input": example.input,
        "output": example.answer or "",
    }


def _sample(name: str, rows: int, work: Path, context: JobContext) -> tuple[Sampled, list[Example]]:
    """Rows of one dataset. What is wrong with it is told, not raised; ``Cancelled`` is."""
    from lwtui.dataset import open_dataset

    budget = Budget(BYTES, SECONDS, context, name)
    sampled = Sampled(name)
    try:
        context.progress(0, BYTES, f"looking at {name}")
        source = _find(name)
        sampled = Sampled(name, source.revision, source.licence)
        work.mkdir()
        read = fetch_rows(name, source.revision, source.files, rows * _POOL, work, budget)
        examples = open_dataset(work).sample(rows, 0, context).examples
    except Cancelled:
        raise
    except LwtuiError as error:
        problem = _without_folder(error, work)
        return dataclasses.replace(sampled, bytes=budget.spent, problem=problem), []
    finally:
        shutil.rmtree(work, ignore_errors=True)
    used = [example for example in examples if example.question.strip()]
    return dataclasses.replace(sampled, bytes=budget.spent, files=read), used


def _without_folder(error: LwtuiError, work: Path) -> str:
    text = f"{error.message} {error.hint or ''}" if isinstance(error, BadInput) else error.message
    return one_line(text.replace(str(work), ""), 400)


@dataclass(frozen=True)
class _Source:
    revision: str
    licence: str
    files: tuple[DataFile, ...]


def _find(name: str) -> _Source:
    """The commit and the files to read. Raises ``LwtuiError``."""
    told = _info(name, "main")
    card = told.get("cardData")
    card = card if isinstance(card, dict) else {}
    revision = _commit(told, "main")
    sizes = _sizes(told) or _tree(name, revision)
    files = choose(data_files(sizes), card)
    if not files:
        try:
            converted = _info(name, CONVERTED)
        except LwtuiError:
            converted = {}
        files = choose(data_files(_sizes(converted)), {})
        revision = _commit(converted, CONVERTED)
    if not files:
        raise LwtuiError(_nothing(name, list(sizes)))
    return _Source(revision, _licence(card), files)


def _nothing(name: str, paths: list[str]) -> str:
    if is_script_only(paths):
        return (
            f"{name} is made by a program, which lwtui does not run, and the Hub has made no "
            "Parquet files of it."
        )
    return f"{name} has no Parquet, JSON lines, JSON, CSV or TSV files."


def _info(name: str, revision: str) -> dict[str, Any]:
    address = f"/api/datasets/{name}/revision/{quote(revision, safe='')}"
    told, _ = hub.read_json(address, {"blobs": "true"}, limit=_INFO_LIMIT, repo=name)
    return told if isinstance(told, dict) else {}


def _sizes(told: Mapping[str, Any]) -> dict[str, int]:
    siblings = told.get("siblings")
    found = {}
    for each in siblings if isinstance(siblings, list) else []:
        path = each.get("rfilename") if isinstance(each, dict) else None
        size = each.get("size") if isinstance(each, dict) else None
        if isinstance(path, str) and isinstance(size, int) and size >= 0:
            found[path] = size
    return found


def _tree(name: str, revision: str) -> dict[str, int]:
    """The same from the list of files: mirrors tell no sizes elsewhere."""
    address = f"/api/datasets/{name}/tree/{quote(revision, safe='')}"
    found: dict[str, int] = {}
    params: dict[str, str] | None = {"recursive": "true"}
    for _ in range(_TREE_PAGES):
        told, address = hub.read_json(address, params, limit=_INFO_LIMIT, repo=name)
        params = None
        for each in told if isinstance(told, list) else []:
            if isinstance(each, dict) and each.get("type") == "file":
                path, size = each.get("path"), each.get("size")
                if isinstance(path, str) and isinstance(size, int) and size >= 0:
                    found[path] = size
        if not address:
            break
    return found


def _commit(told: Mapping[str, Any], otherwise: str) -> str:
    sha = told.get("sha")
    sound = isinstance(sha, str) and re.fullmatch(r"[0-9a-f]{40}", sha)
    return str(sha) if sound else otherwise


def _licence(card: Mapping[str, Any]) -> str:
    told = card.get("license")
    first = told[0] if isinstance(told, list) and told else told
    return one_line(first, 60).lower() if isinstance(first, str) else ""
