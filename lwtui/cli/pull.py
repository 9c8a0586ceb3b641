"""``lwtui pull``."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import click

from lwtui.cli.output import json_option, print_json, print_table, print_text
from lwtui.cli.present import everything
from lwtui.cli.progress import job
from lwtui.cli.pull_progress import pull_job
from lwtui.dock.record import PullPlan
from lwtui.errors import BadInput, Cancelled
from lwtui.learnware.model import Learnware
from lwtui.learnware.storage import human_size
from lwtui.workflow import pull as verbs


@click.command("pull")
@click.argument("repo", required=False, metavar="[REPO[@REVISION]]")
@click.option("--quantisation", "-q", default="", metavar="Q", help="Of a GGUF model: Q4_K_M.")
@click.option("--base", default="", metavar="REPO", help="The base an adapter builds on.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and fetch nothing.")
@click.option("--list", "mode", flag_value="list", help="List pulls that are not done.")
@click.option("--discard", "mode", flag_value="discard", help="Give REPO's unfinished pull up.")
@click.option("--cached", "mode", flag_value="cached", help="Adopt REPO, or all the cache holds.")
@click.option("--updates", "mode", flag_value="updates", help="Say what is newer on the Hub.")
@json_option
def pull_command(
    repo: str | None,
    quantisation: str,
    base: str,
    yes: bool,
    dry_run: bool,
    mode: str | None,
    as_json: bool,
) -> None:
    """Pull a model from Hugging Face Hub into the collection: an adapter with its base, a model in
    safetensors, or one GGUF file. Its weights go to the Hub's own cache. Stopped or killed, the
    same command goes on where it was."""
    ask = not (yes or as_json) and sys.stdin.isatty() and sys.stderr.isatty()
    if mode == "list":
        _list(as_json)
    elif mode == "cached":
        _cached(repo, ask, dry_run, as_json)
    elif mode == "updates":
        _updates(repo, as_json)
    elif repo is None:
        raise BadInput("Which model?", hint="lwtui pull OWNER/NAME, or see lwtui pull --help.")
    elif mode == "discard":
        freed = verbs.discard(repo)
        _say({"repo": repo, "freed": freed}, f"Freed {human_size(freed)}.", as_json)
    else:
        _pull(repo, quantisation, base, ask, dry_run, as_json)


def _pull(repo: str, quantisation: str, base: str, ask: bool, dry_run: bool, as_json: bool) -> None:
    if dry_run or ask:
        with job() as context:
            plan = verbs.plan_pull(repo, quantisation=quantisation, base=base, context=context)
        if dry_run:
            _show_plan(plan, as_json)
            return
        for note in plan.notes:
            print_text(note, err=True)
        if plan.missing:
            size, free = human_size(plan.missing), human_size(plan.free)
            click.confirm(f"Fetch {size} ({free} free)?", default=True, abort=True, err=True)
    try:
        with pull_job() as context:
            learnware = verbs.pull(repo, quantisation=quantisation, base=base, context=context)
    except Cancelled:
        raise Cancelled("Stopped.", hint=f"`lwtui pull {repo}` goes on where it was.") from None
    if as_json:
        print_json(everything(learnware))
        return
    print_text(f"Pulled {learnware.id}: {_words(learnware)}.")
    if not learnware.specifications:
        hint = f"`lwtui specify {learnware.id}` makes one."
        print_text(f"It has no specification yet, so matching cannot find it. {hint}", err=True)


def _words(learnware: Learnware) -> str:
    told = [", ".join(learnware.formats), human_size(learnware.size)]
    if learnware.model.kind == "adapter":
        told.append(f"on {learnware.model.base}")
    return ", ".join(told)


def _show_plan(plan: PullPlan, as_json: bool) -> None:
    if as_json:
        print_json({**dataclasses.asdict(plan), "size": plan.size, "missing": plan.missing})
        return
    print_text(f"{plan.repo} at {plan.revision[:12]}")
    rows = [
        (f"{file.repo}/{file.path}", human_size(file.size), _state(file.have, file.size))
        for file in plan.files
    ]
    print_table(("file", "size", "here"), rows, right=" r ")
    print_text(
        f"{human_size(plan.missing)} of {human_size(plan.size)} to fetch, "
        f"{human_size(plan.free)} free."
    )
    for note in plan.notes:
        print_text(note)


def _state(have: int, size: int) -> str:
    if have >= size:
        return "yes"
    return f"{have / size:.0%}" if have else "no"


def _list(as_json: bool) -> None:
    found = verbs.unfinished()
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
        return
    if not found:
        print_text("No pull is unfinished.")
        return
    rows = [
        (each.repo, human_size(each.have), human_size(each.size), each.started) for each in found
    ]
    print_table(("repository", "here", "of", "started"), rows, right=" rr ")
    print_text("`lwtui pull REPO` goes on; `lwtui pull --discard REPO` frees the space.", err=True)


def _cached(repo: str | None, ask: bool, dry_run: bool, as_json: bool) -> None:
    found = verbs.adoptable()
    if repo is None and not as_json:
        rows = [
            (each.id, ", ".join(each.formats), human_size(each.size), each.base) for each in found
        ]
        if rows:
            print_table(("in the cache", "format", "size", "base"), rows, right="  r ", drop=(3,))
        else:
            print_text("The cache holds no whole model that is not in the collection.")
    if dry_run or (repo is None and not found):
        if as_json:
            print_json([dataclasses.asdict(each) for each in found])
        return
    if repo is None and ask:
        click.confirm(f"Adopt {len(found)}?", default=True, abort=True, err=True)
    with job() as context:
        adopted = verbs.adopt([repo] if repo else (), context=context)
    names = ", ".join(each.id for each in adopted)
    _say([everything(each) for each in adopted], f"Adopted {names}.", as_json)


def _updates(repo: str | None, as_json: bool) -> None:
    with job() as context:
        found = verbs.updates([repo] if repo else (), context=context)
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
        return
    if not found:
        print_text("Everything that was pulled is up to date.")
    for update in found:
        print_text(f"{update.id}: {update.here[:12]} → {update.there[:12] or 'gone'}")
        if update.note:
            print_text(f"  {update.note}")
        for status, path, size in update.changed:
            print_text(f"  {status:8}{path}  {human_size(size)}")
        if update.there:
            print_text(f"  To have it: lwtui pull {update.id}")


def _say(value: Any, text: str, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        print_text(text)
