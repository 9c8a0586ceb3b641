"""What the specification's own process does: read the dataset, sample it, compute, save."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lwtui.dataset import FieldMap, open_dataset
from lwtui.dataset.example import Example
from lwtui.jobs import JobContext


def run(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Entry point for :func:`lwtui.isolated.run_isolated`."""
    # Read when torch's threads are made: those that have nothing to do must not spin, for on a
    # machine that is busy with something else they would take that time from the others.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from safetensors.numpy import save_file

    from lwtui.spec.compute import compute
    from lwtui.spec.privacy import different, require_enough
    from lwtui.spec.space import find_space

    fields = FieldMap(**request["fields"]) if request["fields"] else None
    dataset = open_dataset(Path(request["path"]), fields)
    sample = dataset.sample(request["rows"] + request["held_back"], request["seed"], context)
    used, _ = split(sample.examples, request["rows"], request["held_back"])
    if request["export"]:
        require_enough(different(used))
    specification = compute(
        used,
        find_space(request["space"]),
        request["recipe"],
        seed=request["seed"],
        context=context,
        stop_at=request["stop_at"],
        partials=Path(request["partials"]),
        epsilon=request["epsilon"],
        delta=request["delta"],
    )
    folder = Path(request["folder"])
    specification.save(folder / "specification.safetensors")
    if specification.groups:
        save_file(specification.groups, folder / "groups.safetensors")
    return {
        "name": dataset.name,
        "distinct": different(used[: specification.rows]),
        "rows_seen": sample.rows_seen,
        "skipped": sample.skipped,
        "problems": [str(problem) for problem in sample.problems[:20]],
    }


def run_grouped(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """The same for a dataset whose rows may come from several tasks: a vector for each group."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from safetensors.numpy import save_file

    from lwtui.spec.reference import load_reference
    from lwtui.spec.render import render
    from lwtui.spec.rows import group_rows
    from lwtui.spec.space import find_space

    fields = FieldMap(**request["fields"]) if request["fields"] else None
    dataset = open_dataset(Path(request["path"]), fields)
    sample = dataset.sample(request["rows"], request["seed"], context)
    space = find_space(request["space"])
    context.progress(0, len(sample.examples), "loading the reference model")
    reference = load_reference(space)
    rows = [
        render(example, space.template, reference.tokenizer, space.max_tokens)
        for example in sample.examples
    ]
    found = group_rows(reference, space, rows, context, request["seed"])
    tensors = {"centre": found.centre, "centroids": found.centroids}
    for index, sums in enumerate(found.sums):
        for name, count in sums.counts.items():
            if count:
                tensors[f"{index}.{name}"] = sums.sums[name].sum(0) / count
    save_file(tensors, Path(request["folder"]) / "groups.safetensors")
    return {
        "name": dataset.name,
        "rows": [sums.rows for sums in found.sums],
        "skipped": sample.skipped,
        "problems": [str(problem) for problem in sample.problems[:20]],
    }


def split(
    examples: tuple[Example, ...], rows: int, held_back: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Rows for the specification and rows held back, never one in both.

    A dataset with too few rows for both holds back at most a third of them.
    """
    if not held_back:
        return examples[:rows], ()
    held = held_back
    if len(examples) < rows + held_back:
        held = min(held_back, max(1, len(examples) // 3)) if len(examples) > 1 else 0
    cut = min(rows, len(examples) - held)
    return examples[:cut], examples[cut : cut + held]
