"""``lwtui chat --compare``: one prompt, an answer from each learnware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from lwtui.cli.interrupt import ctrl_c_stops
from lwtui.cli.output import print_json, print_text
from lwtui.errors import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED
from lwtui.safe_text import clean, one_line

if TYPE_CHECKING:
    from lwtui.workflow.compare_chat import Comparison, Participant

HOW = (
    "Answered one after the other, so that the times can be compared; "
    "loading a model is not in them."
)


def compare(
    learnwares: Sequence[str],
    text: str,
    *,
    system: str,
    changes: dict[str, object],
    backend: str,
    as_json: bool,
) -> int:
    """Ask all and print what they answer; one alone is compared with its base."""
    from lwtui.workflow.browse import open_collection
    from lwtui.workflow.compare_chat import Comparison, participants_of

    with open_collection() as collection:
        names = participants_of(collection, learnwares)
        comparison = Comparison.open(
            names, system=system, changes=changes, backend=backend, collection=collection
        )
        with comparison:
            for each in comparison.participants:
                if each.choice.plan.server:
                    print_text(each.choice.reason, err=True)
            _run(comparison, text, show=not as_json)
            if as_json:
                print_json({
                    "prompt": text,
                    "system": system,
                    "in_turn": True,
                    "answers": [_facts(each) for each in comparison.participants],
                })  # fmt: skip
            else:
                print_text(HOW, err=True)
            return _exit_code(comparison)


def _run(comparison: Comparison, text: str, *, show: bool) -> None:
    from lwtui.backend.protocol import Chunk, Finished
    from lwtui.workflow.compare_chat import Loading

    with ctrl_c_stops(comparison.stop):
        for place, step in comparison.ask(text):
            each = comparison.participants[place]
            if not show:
                continue
            if isinstance(step, Loading):
                print_text(f"── {one_line(each.learnware)}")
            elif isinstance(step, Chunk):
                click.echo(clean(step.text), nl=False)
            elif isinstance(step, Finished):
                click.echo()
                print_text(f"   {_figures(each)}\n")
            elif isinstance(step, Exception):
                print_text(f"   Error: {step}\n")


def _figures(each: Participant) -> str:
    end = each.finished
    if end is None:
        return ""
    facts = ["stopped"] if end.reason == "cancelled" else []
    facts.append(f"{end.tokens:,} tokens")
    if end.speed:
        facts.append(f"{end.speed:.1f} tokens/s")
    facts.append(f"first after {end.seconds_to_first:.2f} s")
    return " · ".join(facts)


def _facts(each: Participant) -> dict[str, Any]:
    end, ready = each.finished, each.ready
    turn = each.session.turns[-1]
    return {
        "learnware": each.learnware,
        "backend": ready.backend if ready else each.choice.plan.backend,
        "device": ready.device if ready else None,
        "answer": turn.content,
        "finished": end.reason if end else "failed",
        "prompt_tokens": end.prompt_tokens if end else 0,
        "tokens": turn.tokens,
        "seconds_to_first": end.seconds_to_first if end and end.tokens else None,
        "seconds": turn.seconds,
        "tokens_per_second": (end.speed or None) if end else None,
        "load_seconds": ready.load_seconds if ready else None,
        "note": turn.note,
        "error": str(each.error) if each.error else None,
    }


def _exit_code(comparison: Comparison) -> int:
    if any(end.reason == "cancelled" for each in comparison.participants if (end := each.finished)):
        return EXIT_INTERRUPTED
    failed = any(each.error is not None for each in comparison.participants)
    return EXIT_FAILED if failed else EXIT_DONE
