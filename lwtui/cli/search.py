"""``lwtui search``."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, cast

import click

from lwtui.cli.output import json_option, print_json, print_table, print_text
from lwtui.cli.present import summary
from lwtui.cli.progress import job
from lwtui.dock.record import HubModel, HubPage, HubQuery, Relation, Sort, WeightFormat
from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.storage import human_size
from lwtui.workflow.search import age, marked, search_collection, search_hub
from lwtui.workflow.search_catalogue import search_catalogue

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MOST_PAGES = 8
"""Pages asked for one listing, so that a rare wish ends."""


class SizeType(click.ParamType):
    """``5GB``, ``300 MB``, ``1.5g``: powers of 1,000, as sizes are shown. Bytes."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value))
        if not found or len(str(value)) > 20:
            self.fail(f"{str(value)[:40]!r} is no size. Write 500MB or 5GB.", param, ctx)
        return int(float(found[1]) * 1000 ** _POWERS[found[2].lower()])


@click.command("search")
@click.argument("text", nargs=-1)
@click.option("--hub", is_flag=True, help="Search Hugging Face Hub instead of the collection.")
@click.option("--catalogue", is_flag=True, help="List the curated catalogue; no network is needed.")
@click.option("--base", default="", metavar="B", help="Only those made from this base model.")
@click.option(
    "--relation",
    type=click.Choice(["adapter", "finetune", "quantized", "merge"]),
    help="How it was made from its base.",
)
@click.option("--domain", default="", metavar="D", help="finance, medicine, mathematics.")
@click.option("--task", default="", metavar="T", help="As on the Hub: text-generation.")
@click.option("--language", default="", metavar="L", help="As on the Hub: en, de, zh.")
@click.option("--licence", "--license", default="", metavar="L", help="As on the Hub: mit.")
@click.option(
    "--format", "weights", type=click.Choice(["peft", "safetensors", "gguf"]), help="Of weights."
)
@click.option("--max-size", type=SizeType(), default=0, metavar="SIZE", help="Such as 5GB.")
@click.option("--free-only", "gated", flag_value="free", help="Without terms to accept first.")
@click.option("--gated", "gated", flag_value="gated", help="Only those with terms to accept.")
@click.option("--learnware", is_flag=True, help="Only those with a published specification.")
@click.option(
    "--sort",
    type=click.Choice(["trending", "downloads", "likes", "updated"]),
    help="Of the Hub; trending without it.",
)
@click.option("--limit", type=click.IntRange(1, 1000), help="At most so many; 20 without it.")
@click.option("--fresh", is_flag=True, help="Ask the Hub anew, not what is kept.")
@json_option
def search_command(
    text: tuple[str, ...],
    hub: bool,
    catalogue: bool,
    gated: str | None,
    sort: str | None,
    weights: str | None,
    relation: str | None,
    max_size: int,
    limit: int | None,
    fresh: bool,
    as_json: bool,
    **words: Any,
) -> None:
    """Search the collection by TEXT, or with --hub what Hugging Face Hub has.

    The collection has what is on this machine and what it knows of the Hub: the catalogue and the
    indexes you subscribed to. The Hub's answers are kept: without a network the last one is shown
    with its age. --catalogue --fresh asks the Hub which entries of the catalogue it still has.
    """
    query = HubQuery(
        text=" ".join(text),
        relation=cast(Relation, relation or ""),
        format=cast(WeightFormat, weights or ""),
        max_bytes=max_size,
        gated={"free": False, "gated": True}.get(gated or ""),
        sort=cast(Sort, sort or "trending"),
        **words,
    )
    limit = limit or (1000 if catalogue else 20)
    if catalogue:
        with job() as context:
            page = search_catalogue(query, fresh, context)
        kept = list(marked(page.models))[:limit]
        more = "more" if len(page.models) > limit else ""
        _show_models(kept, dataclasses.replace(page, next=more), limit, as_json)
        return
    if hub:
        models, page = _collect(query, limit, fresh)
        if page.problem and not models:
            raise LwtuiError(page.problem)
        _show_models(models, page, limit, as_json)
        return
    asked = {"--free-only or --gated": gated, "--sort": sort, "--fresh": fresh}
    asked["--relation " + str(relation)] = relation in ("quantized", "merge")
    for option, given in asked.items():
        if given:
            raise BadInput(f"{option} is a question to the Hub.", hint="Add --hub.")
    _show_collection(query, limit, as_json)


def _show_collection(query: HubQuery, limit: int, as_json: bool) -> None:
    found, total = search_collection(query, limit)
    if as_json:
        print_json({"learnwares": [summary(each) for each in found], "count": total})
        return
    rows = [
        (
            each.id if each.pulled else f"{each.id} ○",
            each.semantic.domain,
            human_size(each.size) if each.size else "",
            each.semantic.licence,
            "●" if each.specifications else "",
            each.semantic.title,
        )
        for each in found
    ]
    if rows:
        head = ("id", "domain", "size", "licence", "spec", "title")
        print_table(head, rows, shrink=5, right="  r", drop=(3, 2, 1))
    else:
        print_text("No learnware here matches. Add --hub to search Hugging Face Hub.", err=True)
    if any(not each.pulled for each in found):
        print_text("○ beside a name: on the Hub, `lwtui pull ID` brings it here.", err=True)
    if total > len(found):
        print_text(f"{len(found)} of {total}.", err=True)


def _show_models(models: list[HubModel], page: HubPage, limit: int, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "models": [_summary(model) for model in models],
                "more": bool(page.next),
                "fetched": page.fetched or None,
                "from_cache": page.from_cache,
                "problem": page.problem or None,
            }
        )
        return
    if models:
        head = ("id", "from", "format", "params", "size", "licence", "downloads", "")
        rows = [_row(model) for model in models]
        print_table(head, rows, shrink=5, right="   rr r", drop=(1, 2, 5))
    else:
        print_text("Nothing on the Hub matches.", err=True)
    if page.problem:
        print_text(page.problem, err=True)
    if page.from_cache:
        print_text(f"What the Hub said {age(page.fetched)}; --fresh asks again.", err=True)
    elif page.problem:
        print_text("Shown is the catalogue as it ships with lwtui.", err=True)
    if page.next and len(models) >= limit:
        print_text(f"There is more: --limit {limit * 2}.", err=True)
    elif page.next:
        print_text("There may be more, but few fit: narrow the search by a word.", err=True)
    if any(model.missing for model in models):
        print_text("gone: the Hub no longer has it, or you may not see it.", err=True)
    if any(not (model.here or model.missing) for model in models):
        print_text("`lwtui pull ID` brings one here.", err=True)


def _collect(query: HubQuery, limit: int, fresh: bool) -> tuple[list[HubModel], HubPage]:
    """At most ``limit`` models, and the page that tells of the oldest answer among them."""
    models: dict[str, HubModel] = {}
    page = search_hub(query, fresh=fresh, limit=min(limit, 100))
    oldest = page
    for _ in range(_MOST_PAGES):
        models.update((model.id, model) for model in page.models if model.id not in models)
        if page.from_cache and (not oldest.from_cache or page.fetched < oldest.fetched):
            oldest = page
        if len(models) >= limit or not page.next:
            break
        page = search_hub(query, page.next, fresh, limit=min(limit, 100))
    more = page.next if len(models) <= limit else page.next or "more"
    return list(models.values())[:limit], dataclasses.replace(oldest, next=more)


def _row(model: HubModel) -> tuple[str, ...]:
    states = (
        ("gone", model.missing),
        ("here", model.here),
        ("private", model.private),
        ("gated", model.gated),
    )
    return (
        model.id,
        model.relation,
        "+".join(model.formats),
        count_words(model.parameters),
        human_size(model.size) if model.size else "",
        model.licence,
        count_words(model.downloads),
        next((word for word, true in states if true), ""),
    )


def _summary(model: HubModel) -> dict[str, Any]:
    told = dataclasses.asdict(model)
    del told["files"]
    return told


def count_words(number: int) -> str:
    """``950``, ``12k``, ``7.2M``, ``1.5B``; empty for 0."""
    if number < 1000:
        return str(number) if number else ""
    for unit, size in (("k", 1e3), ("M", 1e6), ("B", 1e9)):
        if number < 999.5 * size or unit == "B":
            break
    amount = number / size
    return f"{amount:.1f}{unit}" if amount < 9.95 else f"{amount:.0f}{unit}"
