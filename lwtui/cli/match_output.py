"""What ``lwtui match`` prints."""

from __future__ import annotations

import dataclasses
from typing import Any

from lwtui.cli.output import print_table, print_text
from lwtui.cli.spec import print_skipped
from lwtui.learnware.storage import human_size
from lwtui.match.rank import shared
from lwtui.match.result import Match, MatchResult, Verification, percent

_BAR = 10
_SMALL = 0.05
"""Domains with a smaller share of the similarity are not named."""


def result_facts(result: MatchResult, dataset: str) -> dict[str, Any]:
    """A match as JSON. ``similarity`` is a cosine, ``score`` 0 to 1, ``measured_loss`` nats/token,
    ``size`` bytes, ``to_fetch`` too (with its base; null where not known), ``interval`` holds the
    similarity of 90 % of redrawn requirements. ``runnable`` is what to use without a pull.
    ``domains``: shares of the similarity of the nearest, see ``match/why.py``."""
    facts: dict[str, Any] = {
        "dataset": dataset,
        "space": result.space,
        "recipe": result.recipe,
        "rows": result.rows,
        "rows_seen": result.rows_seen,
        "confidence": result.confidence,
        "probability": result.probability,
        "abstained": result.abstained,
        "reason": result.reason,
        "selected": result.selected,
        "runnable": result.runnable,
        "base": result.base.id if result.base is not None else None,
        "matches": [_match_facts(each) for each in result.matches],
        "domains": [dataclasses.asdict(each) for each in result.domains],
        "skipped": result.skipped,
        "rows_skipped": result.rows_skipped,
        "problems": list(result.problems),
        "verification": None,
    }
    check = result.verification
    if check is not None:
        facts["verification"] = {
            "rows": check.rows,
            "learnwares": check.learnwares,
            "base_loss": check.base_loss,
            "winner_only": check.winner_only,
            "evaluations": check.evaluations,
            "left_out": list(check.left_out),
            "not_here": list(check.not_here),
            "seconds": check.seconds,
        }
    return facts


def _match_facts(found: Match) -> dict[str, Any]:
    learnware = found.learnware
    return {
        "id": found.id,
        "expected_gain": found.expected_gain,
        "gain_assumed": found.assumed,
        "similarity": found.similarity,
        "score": found.score,
        "parts": found.parts,
        "interval": list(found.interval) if found.interval is not None else None,
        "measured_loss": found.measured_loss,
        "measured_rows": found.measured_rows,
        "title": learnware.semantic.title,
        "domain": learnware.semantic.domain,
        "licence": learnware.semantic.licence,
        "base": learnware.model.base,
        "size": learnware.size,
        "pulled": learnware.pulled,
        "to_fetch": found.cost,
        "fits": found.fits,
    }


def print_result(result: MatchResult, name: str, from_data: bool) -> None:
    """The table and what to make of it. ``from_data``: there are rows to verify on."""
    if not result.matches:
        print_text("No learnware passes these filters.", err=True)
        return
    seen = f" of {result.rows_seen:,}" if result.rows_seen else ""
    print_text(f"{name}: {result.rows}{seen} rows, space {result.space}, recipe {result.recipe}.")
    sure = "" if result.probability is None else f", {percent(result.probability)} sure"
    settle = result.confidence == "close call" and result.verification is None and from_data
    hint = " --verify settles it." if settle else ""
    print_text(f"Confidence: {result.confidence}{sure}.{hint}")
    if result.abstained:
        print_text(result.advice)
    _print_table(result)
    _print_domains(result)
    if result.verification is not None:
        _print_verification(result.verification)
    print_skipped(result.rows_skipped, result.problems)
    _print_hub(result)
    if result.to_fetch is None and result.selected is not None:
        print_text(f"Chat with it: lwtui chat {result.selected}", err=True)
    elif result.runnable is not None:
        print_text(f"Chat now, with the best here: lwtui chat {result.runnable}", err=True)
    if result.abstained and result.first_here is not None:
        print_text(f"Or with the first: lwtui chat {result.first_here.id}", err=True)


def _print_hub(result: MatchResult) -> None:
    """Where the first is that is not here, and what it takes to have it."""
    first = next((each for each in result.matches if not each.learnware.pulled), None)
    if first is None or result.abstained:
        return
    what = "The best is on the Hub" if first is result.to_fetch else "Nearest on the Hub"
    cost = f", about {human_size(first.cost)} with its base" if first.cost else ""
    if first.learnware.model.kind != "adapter":
        cost = cost.removesuffix(" with its base")
    alike = [each for each in result.matches if each is not first and _same(each, first)]
    names = ", ".join(each.id for each in alike[:3])
    also = f" Made of the same data: {names}." if alike else ""
    print_text(f"{what}: {first.id}{cost}: lwtui pull {first.id}.{also}")


def _same(one: Match, other: Match) -> bool:
    return shared(one.learnware, other.learnware) and not one.learnware.pulled


def _print_table(result: MatchResult) -> None:
    measured = result.verification is not None
    away = any(not found.learnware.pulled for found in result.matches)
    head = ["", "id", "gain", "similarity", "90 %", "score", "", "size", "licence"]
    if measured:
        head += ["loss", "rows"]
    rows = []
    for number, found in enumerate(result.matches, 1):
        size, licence = found.learnware.size, found.learnware.semantic.licence
        bar = "█" * round(found.score * _BAR)
        gain = "" if found.expected_gain is None else f"{found.expected_gain:+.2f}"
        gain = f"~{gain}" if found.assumed else gain
        row = [str(number), found.id, gain, f"{found.similarity:.3f}", _span(found.interval)]
        if not found.learnware.pulled:
            size = found.cost or 0
        told = f"{human_size(size) if size else ''}{'' if found.learnware.pulled else ' Hub'}"
        row += [f"{found.score:.2f}", bar, told.strip(), licence]
        if measured:
            loss = found.measured_loss
            row += ["", ""] if loss is None else [f"{loss:.3f}", str(found.measured_rows)]
        rows.append(row)
    print_table(head, rows, shrink=8, right="r rrrr r rr", drop=(8, 6, 4, 7))
    assumed = any(found.assumed for found in result.matches)
    if any(found.expected_gain is not None for found in result.matches):
        print_text(
            "Gain: how much lower than the bare base's the loss of its answers is expected to be "
            "on data like yours, nats/token."
            + (" ~: not measured; by its similarity and what others gained." if assumed else "")
        )
    if away:
        print_text("Hub: not here yet, with what there is to fetch.")


def _print_domains(result: MatchResult) -> None:
    shares = [each for each in result.domains if each.share >= _SMALL]
    if len(shares) > 1 or (shares and shares[0].learnwares > 1):
        named = ", ".join(f"{each.domain or 'unknown'} {each.share:.0%}" for each in shares)
        count = sum(each.learnwares for each in result.domains)
        print_text(f"Of the similarity of the nearest {count}: {named}.")


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.2f}…{interval[1]:.2f}"


def _print_verification(check: Verification) -> None:
    base = f"; the bare base: {check.base_loss:.3f}" if check.base_loss is not None else ""
    print_text(
        f"Loss: nats/token of the answers of {check.rows} rows held back{base}. Measured on "
        f"{check.learnwares} learnwares in {check.seconds:.1f} s, {check.evaluations} rows run."
    )
    if check.winner_only:
        print_text("It was a clear match, so only the winner (and any twin of it) was run.")
    if check.left_out:
        print_text(f"Cannot be run here: {', '.join(check.left_out)}.")
    if check.not_here:
        print_text(
            f"Not run, since not here: {', '.join(check.not_here)}. "
            f"To run it too: lwtui pull {check.not_here[0]}"
        )
