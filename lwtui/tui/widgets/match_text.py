"""What the result of a match says in words: the winner, how sure, and why a learnware matches."""

from __future__ import annotations

from textual.content import Content

from lwtui.match.compare import Comparison
from lwtui.match.result import Match, MatchResult, Verification, percent
from lwtui.match.why import contributions
from lwtui.tui.text import bar, human_size, human_time, one_line

LEFT_OUT = 3
"""How many learnwares that were not run are named."""
PROBLEMS = 2
"""How many of the skipped rows are named."""
STYLES = {"clear": "$text-success", "close call": "$text-warning", "none": "$text-warning"}
MEANINGS = {
    "clear": "other rows would hardly turn it",
    "close call": "other rows may turn it: v settles it",
}
MEASURED_MEANINGS = {
    "clear": "the lowest loss of all that were run",
    "close call": "your rows cannot tell the best apart",
}
SMALL = 0.05
"""Domains with a smaller share of the similarity are not named."""
DOMAINS = 5
"""How many domains the details show."""
SHARE = 8
"""Cells of a share's bar."""


def banner(result: MatchResult) -> str:
    """What to do when nothing fits."""
    return result.advice + (" (b chats with it)" if result.base is not None else "")


def summary(result: MatchResult, since: Comparison | None = None) -> Content:
    """Some lines over the list: the winner, how sure, what the data is like, what was left out and
    what was run; of a saved requirement what is new ``since`` it was matched before."""
    first = [(one_line(result.dataset, 80), "bold $accent"), ("  →  ", "$foreground-muted")]
    first.append((result.selected or "no learnware fits", "bold"))
    lines = [Content.assemble(*first)]
    lines.append(_sureness(result))
    if since is not None:
        lines.append(_news(since))
    seen = f" of {result.rows_seen:,}" if result.rows_seen else ""
    facts = [f"{result.rows:,}{seen} rows", *filter(None, [like(result)])]
    if result.skipped:
        facts.append(f"{result.skipped:,} without such a specification")
    lines.append(Content.styled(" · ".join(facts), "$foreground-muted"))
    if result.rows_skipped:
        named = "; ".join(one_line(problem, 120) for problem in result.problems[:PROBLEMS])
        text = f"{result.rows_skipped:,} rows of your data skipped"
        lines.append(Content.styled(f"{text}: {named}" if named else text, "$text-warning"))
    if result.verification is not None:
        done = result.verification
        some = "the clear winner" if done.winner_only else f"{done.learnwares} learnwares"
        text = f"verified: {some} on {done.rows} held-back rows"
        if done.base_loss is not None:
            text += f", the bare base loses {done.base_loss:.2f} nats/token"
        lines.append(Content.styled(f"{text}, {human_time(done.seconds)}", "$text-success"))
        if done.left_out or done.not_here:
            lines.append(Content.styled(_not_run(done), "$text-warning"))
    if result.to_fetch is not None:
        lines.append(_first_away(result))
    return Content("\n").join(lines)


def like(result: MatchResult) -> str:
    """Which domains the data is like (``match/why.py`` tells how); empty when it is like none."""
    shares = [each for each in result.domains if each.share >= SMALL]
    named = (f"{one_line(each.domain, 30) or 'other'} {each.share:.0%}" for each in shares[:2])
    text = ", ".join(named)
    return f"like {text}" if text else ""


def _news(since: Comparison) -> Content:
    """What has changed since a saved requirement was matched before."""
    day = one_line(since.before.when, 40)[:10]
    told = f"since {day}: {len(since.new)} new" if since.new else f"nothing new since {day}"
    if since.gone:
        told += f", {len(since.gone)} gone"
    if not since.same_winner:
        told += f"; then it was {one_line(since.before.selected, 100) or 'nothing'}"
    style = "$text-success" if since.new or not since.same_winner else "$foreground-muted"
    return Content.assemble((told, style), ("  C compares", "$foreground-muted"))


def _first_away(result: MatchResult) -> Content:
    """The winner has to be fetched: how, and what can be used until then."""
    here = f"; until then {result.runnable} is the best here" if result.runnable else ""
    return Content.styled(f"the best is on the Hub: p pulls it{one_line(here, 140)}", "$accent")


def _not_run(done: Verification) -> str:
    """Which of the best a verification did not run, and why."""
    parts = []
    for ids, why in ((done.not_here, "not here, p pulls one"), (done.left_out, "cannot run here")):
        names = ", ".join(one_line(each, 100) for each in ids[:LEFT_OUT])
        if len(ids) > LEFT_OUT:
            names += f" and {len(ids) - LEFT_OUT} more"
        if ids:
            parts.append(f"{names} ({why})")
    return f"not run: {'; '.join(parts)}"


def _sureness(result: MatchResult) -> Content:
    """How sure, what that means, and what would settle it."""
    word = "nothing to choose from" if result.confidence == "none" else result.confidence
    sure = [("confidence: ", "$foreground-muted")]
    sure.append((one_line(word), f"bold {STYLES.get(result.confidence, '$foreground-muted')}"))
    if result.probability is not None:
        sure.append((f", {percent(result.probability)} sure", ""))
    meanings = MEANINGS if result.verification is None else MEASURED_MEANINGS
    meaning = meanings.get(result.confidence, "")
    if result.abstained and result.verification is None:
        meaning = "v measures it on your rows"
    if meaning:
        sure.append((f"  {meaning}", "$foreground-muted"))
    return Content.assemble(*sure)


def why(match: Match, result: MatchResult) -> Content:
    """Why this one: the gain to expect, its similarity with what each part adds to it, what was
    measured, and which domains the nearest learnwares have."""
    facts = []
    if match.expected_gain is not None:
        how = " by its similarity" if match.assumed else ""
        text = f" nats/token under its base, expected{how}"
        facts.append(("gain", f"{match.expected_gain:+.2f}", text))
    facts.append(("similarity", f"{match.similarity:+.3f}", ""))
    for name, value in contributions(match).items():
        facts.append((f"  {one_line(name, 20)}", "", f"{value:+.3f} of it"))
    if match.interval is not None:
        low, high = match.interval
        facts.append(("90 % in", "", f"{low:+.3f} … {high:+.3f}"))
    facts.append(("score", f"{match.score:.2f}", ""))
    if match.measured_loss is not None:
        text = f" nats/token, {match.measured_rows} rows"
        facts.append(("measured", f"{match.measured_loss:.2f}", text))
        base = result.verification.base_loss if result.verification else None
        if base is not None:
            facts.append(("bare base", f"{base:.2f}", " nats/token"))
    if match.fits is not None:
        text = "it fits this machine" if match.fits else "more than this machine has"
        facts.append(("memory", "", text))
    lines = [
        Content.assemble(
            (f"{name:<11}", "$foreground-muted"), (value, "bold"), (text, "$foreground-muted")
        )
        for name, value, text in facts
    ]
    if result.domains:
        lines += [Content(""), _nearest(result), *_domains(result)]
    return Content("\n").join(lines)


def _nearest(result: MatchResult) -> Content:
    near = sum(each.learnwares for each in result.domains)
    text = f"  ({near} nearest)"
    return Content.assemble(("your data is like", "bold"), (text, "$foreground-muted"))


def _domains(result: MatchResult) -> list[Content]:
    """A bar for each domain's share of the similarity of the nearest learnwares."""
    near = sum(each.learnwares for each in result.domains)
    return [
        Content.assemble(
            (bar(each.share, SHARE), "$accent"),
            f" {each.share:4.0%}  {one_line(each.domain, 30) or 'no domain told'}",
            (f"  {each.learnwares} of {near}", "$foreground-muted"),
        )
        for each in result.domains[:DOMAINS]
        if each.share >= SMALL
    ]


def to_fetch(match: Match) -> str:
    return human_size(match.cost or match.learnware.size)
