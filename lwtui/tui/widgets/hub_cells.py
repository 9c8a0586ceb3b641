"""How a model of the Hub looks as a row, and what is said about a list of them."""

from __future__ import annotations

from datetime import date

from lwtui.dock.record import HubModel, HubPage, HubQuery
from lwtui.tui.pull_job import PullJob
from lwtui.tui.text import human_count, human_size, human_time, one_line
from lwtui.tui.widgets.row_table import Cell, Column

COLUMNS = (
    Column("model", 27, flex=3),
    Column("state", 10),
    Column("domain", 11, rank=3),
    Column("base", 16, flex=2, rank=6),
    Column("licence", 10, flex=1, rank=5),
    Column("size", 7, right=True, rank=1),
    Column("downloads", 9, right=True, rank=2),
    Column("likes", 5, right=True, rank=7),
    Column("updated", 10, right=True, rank=4),
)
FORMATS = {"peft": "adapters", "safetensors": "whole models", "gguf": "GGUF"}
KEYS = "f filters · o orders"
RELATIONS = {
    "adapter": "adapters of",
    "finetune": "fine-tuned from",
    "quantized": "quantised from",
    "merge": "merged from",
}


def cells(model: HubModel, job: PullJob | None) -> list[Cell]:
    return [
        (one_line(model.id, 140), "dim" if model.missing else ""),
        state(model, job),
        (one_line(model.domain, 40), "dim"),
        (one_line(model.base, 120) or "–", "dim"),
        (one_line(model.licence, 60) or "–", "dim"),
        (human_size(model.size), "dim"),
        (_short(model.downloads), "dim"),
        (_short(model.likes), "dim"),
        (day(model.updated), "dim"),
    ]


def state(model: HubModel, job: PullJob | None) -> Cell:
    """The one thing to know first."""
    if job is not None and job.state == "running":
        return (f"↓ {job.percent}", "accent")
    if model.here:
        return ("● here", "good")
    if job is not None and job.state == "paused":
        return (f"‖ {job.percent}", "accent")
    if model.missing:
        return ("gone", "bad")
    if model.gated:
        return ("gated", "bad")
    return ("learnware", "accent") if model.is_learnware else ""


def day(updated: str) -> str:
    """The day of an ISO 8601 time; empty for anything else."""
    text = updated[:10]
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _short(count: int) -> str:
    return human_count(count).replace(" ", "") if count > 0 else "–"


def headline(query: HubQuery, shown: int, more: bool) -> str:
    """What the list shows, on one line."""
    narrowed = filters(query)
    number = f"{shown:,}{'+' if more else ''} model{'s' * (shown != 1 or more)}"
    if not query.text and not narrowed:
        return f"the catalogue, then by {query.sort} · {number}"
    parts = [f"“{one_line(query.text, 40)}”"] if query.text else []
    return " · ".join([*parts, *narrowed, number, f"by {query.sort}"])


def filters(query: HubQuery) -> list[str]:
    """The filters in words."""
    parts = [one_line(query.domain, 30)] if query.domain else []
    relation = RELATIONS.get(query.relation, "")
    if query.base:
        parts.append(f"{relation or 'of'} {one_line(query.base, 60)}")
    elif relation:
        parts.append(relation.split()[0])
    parts += [FORMATS[query.format]] if query.format else []
    parts += [one_line(text, 30) for text in (query.licence, query.task, query.language) if text]
    parts += ["free to pull"] if query.gated is False else ["gated"] if query.gated else []
    parts += ["learnwares"] if query.learnware else []
    parts += [f"up to {human_size(query.max_bytes)}"] if query.max_bytes else []
    return parts


def age(page: HubPage, now: float) -> str:
    """How old the answer is, and what to do about it; what can be done with it while it is new."""
    seconds = now - page.fetched
    if page.fetched <= 0 or seconds < 60:
        return KEYS
    minutes = seconds / 60
    if minutes < 60:
        old = f"{minutes:.0f} min"
    elif minutes < 48 * 60:
        old = human_time(60 * round(minutes / 60) * 60).removesuffix(" 00 min")
    else:
        old = f"{minutes / 1440:.0f} days"
    return f"{old} old; r asks anew"
