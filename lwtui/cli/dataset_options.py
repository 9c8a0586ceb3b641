"""The options that ``spec`` and ``match`` share: how a dataset is read and specified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from lwtui.workflow.specify import DEFAULT_RECIPE, DEFAULT_ROWS, DEFAULT_SPACE

_OPTIONS = [
    click.option(
        "--fields",
        metavar="ROLE=COLUMN,…",
        help="Which columns to use: prompt=question,answer=reply. Roles: prompt, input, answer, "
        "choices, messages, system.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the sample of rows."),
    click.option(
        "--rows",
        type=click.IntRange(min=1),
        default=DEFAULT_ROWS,
        show_default=True,
        help="How many rows to sample.",
    ),
    click.option(
        "--recipe",
        type=click.Choice(["gradient", "paper", "replay"]),
        default=DEFAULT_RECIPE,
        show_default=True,
        help="gradient: seconds; paper: as published, much slower.",
    ),
    click.option(
        "--space", default=DEFAULT_SPACE, show_default=True, help="The specification space."
    ),
]


def dataset_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --space, --recipe, --rows, --seed and --fields."""
    for option in _OPTIONS:
        function = option(function)
    return function


def parse_fields(text: str | None) -> Any:
    """The ``FieldMap`` of --fields, or None. Raises ``BadInput``."""
    if not text:
        return None
    from lwtui.dataset import FieldMap

    return FieldMap.parse(text)
