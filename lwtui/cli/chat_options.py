"""The options of a chat that say how to sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option("--system", default="", help="The system prompt."),
    click.option("--preset", metavar="NAME", help="A preset of your settings (`lwtui config`)."),
    click.option(
        "--temperature", type=click.FloatRange(min=0), help="0: always the likeliest word."
    ),
    click.option("--max-tokens", type=click.IntRange(min=1), help="Longest answer."),
    click.option(
        "--top-p", type=click.FloatRange(0, 1), help="Of the likeliest words that sum to this."
    ),
    click.option("--top-k", type=click.IntRange(min=0), help="Of this many words; 0: all."),
    click.option(
        "--min-p", type=click.FloatRange(0, 1), help="Of words at least so likely as the first."
    ),
    click.option(
        "--repeat-penalty", type=click.FloatRange(0.1, 10), help="Above 1: fewer repetitions."
    ),
    click.option("--seed", type=click.IntRange(min=0), help="For the same answer again."),
)
NAMES = ("temperature", "max_tokens", "top_p", "top_k", "min_p", "repeat_penalty", "seed")


def sampling_options(command: Command) -> Command:
    """Adds ``--system``, ``--preset`` and one option for each setting."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def sampling_of(given: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """The system prompt and the settings that were named: a preset's, and over them the options'.

    Raises ``BadInput`` when there is no such preset.
    """
    system: str = given["system"]
    changes: dict[str, object] = {}
    if given["preset"] is not None:
        from lwtui.config import read_config

        preset = read_config().preset(given["preset"])
        changes = preset.changes
        system = system or preset.system
    named = {name: given[name] for name in NAMES if given[name] is not None}
    return system, {**changes, **named}
