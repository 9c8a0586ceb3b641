"""From a user's dataset to its specification, on this machine, in a process of its own."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui import paths
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext

if TYPE_CHECKING:
    from lwtui.dataset import FieldMap
    from lwtui.spec.specification import Specification

DEFAULT_ROWS = 64
DEFAULT_SPACE = "starter"
DEFAULT_RECIPE = "gradient"
DEFAULT_STOP_AT: float | None = None
"""Estimated stability at which recipe ``gradient`` needs no further row; None: all of them."""


def specify(
    path: Path,
    *,
    space: str = DEFAULT_SPACE,
    recipe: str = DEFAULT_RECIPE,
    rows: int = DEFAULT_ROWS,
    seed: int = 0,
    fields: FieldMap | None = None,
    held_back: int = 0,
    stop_at: float | None = DEFAULT_STOP_AT,
    epsilon: float | None = None,
    delta: float | None = None,
    export: bool = False,
    context: JobContext | None = None,
) -> Specification:
    """Compute the specification of a folder or file from a seeded sample of ``rows`` rows.

    ``held_back`` more rows are sampled and not used, so that a match can be verified on them.
    ``rows`` is the most; fewer are used once the result is stable (``stop_at``, see
    :func:`lwtui.spec.compute.compute`). What takes long goes on after an interruption where it was.
    With ``epsilon`` it is noised (``lwtui/spec/privacy.py``; ``delta`` as there unless given), of
    all the rows. ``export``: it is to be written for others, so too few rows are refused before the
    work rather than after.
    Raises ``BadInput`` (nothing usable, unknown space or recipe), ``Cancelled``, ``LwtuiError``
    when the process dies. No row of the data leaves the machine or reaches the result.
    """
    from lwtui.errors import BadInput
    from lwtui.spec.privacy import DELTA, require_epsilon
    from lwtui.spec.space import find_space
    from lwtui.spec.specification import RECIPES

    find_space(space)
    if recipe not in RECIPES:
        raise BadInput(f"{recipe!r} is not a recipe.", hint=f"Recipes: {', '.join(RECIPES)}.")
    if rows < 1:
        raise BadInput("At least one row is needed.", field="rows")
    if epsilon is not None:
        require_epsilon(epsilon, DELTA if delta is None else delta, recipe, rows)
    context = context or JobContext()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lwtui-") as folder:
        facts = run_isolated(
            "lwtui.spec.worker:run",
            {
                "path": str(path.expanduser().absolute()),
                "folder": folder,
                "space": space,
                "recipe": recipe,
                "rows": rows,
                "held_back": held_back,
                "seed": seed,
                "stop_at": stop_at,
                "epsilon": epsilon,
                "delta": delta,
                "export": export,
                "partials": str(paths.home() / "cache" / "specifications"),
                "fields": dataclasses.asdict(fields) if fields else None,
            },
            context,
        )
        specification = _read(Path(folder))
    return dataclasses.replace(
        specification,
        name=facts["name"],
        distinct=facts["distinct"],
        rows_seen=facts["rows_seen"],
        skipped=facts["skipped"],
        problems=tuple(facts["problems"]),
        seconds=time.monotonic() - started,
    )


def _read(folder: Path) -> Specification:
    from safetensors.numpy import load

    from lwtui.spec.specification import load_specification

    specification = load_specification(folder / "specification.safetensors")
    groups = folder / "groups.safetensors"
    if not groups.is_file():
        return specification
    return dataclasses.replace(specification, groups=load(groups.read_bytes()))
