"""``lwtui index``: published indexes of specifications."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from lwtui.cli.output import json_option, print_json, print_table, print_text
from lwtui.cli.progress import job
from lwtui.errors import EXIT_DONE, EXIT_FAILED
from lwtui.learnware.storage import human_size
from lwtui.workflow import index as verbs


@click.group("index")
def index_command() -> None:
    """Subscribe to published specifications, so that a match ranks learnwares of the Hub that were
    never pulled. Matching stays on this machine: nobody learns what you are looking for."""


@index_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the indexes that were added."""
    found = verbs.subscriptions()
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
    elif found:
        head = ["index", "learnwares", "left out", "size", "commit", "refreshed"]
        rows = [
            [
                one.repo,
                str(one.learnwares),
                str(one.left_out),
                human_size(one.size),
                one.revision[:10],
                one.refreshed,
            ]
            for one in found
        ]
        print_table(head, rows, right=" rrr", drop=(4, 5, 2))
    else:
        print_text("No index was added yet. Add one: lwtui index add OWNER/NAME", err=True)


@index_command.command("add")
@click.argument("repo")
@json_option
def add_command(repo: str, as_json: bool) -> None:
    """Download the index of the dataset repository REPO, check it, and make its learnwares known
    here."""
    with job() as context:
        report = verbs.subscribe(repo, context)
    _show([report], as_json, one=True)


@index_command.command("remove")
@click.argument("repo")
@json_option
def remove_command(repo: str, as_json: bool) -> None:
    """Forget the index REPO and what is known from it alone."""
    gone = verbs.unsubscribe(repo)
    if as_json:
        print_json({"repo": repo, "forgotten": gone})
    else:
        print_text(f"Forgotten: {gone} learnwares of {repo}.")


@index_command.command("refresh")
@click.option("--no-hub", is_flag=True, help="Only the indexes, not the repositories themselves.")
@json_option
def refresh_command(no_hub: bool, as_json: bool) -> int:
    """Read what has changed: the indexes, and what repositories tagged `learnware` publish."""
    with job() as context:
        reports = verbs.refresh(context, hub=not no_hub)
    _show(list(reports), as_json)
    if not any(report.failed for report in reports):
        return EXIT_DONE
    if not as_json:
        print_text("Not everything could be read; what was known before is kept.", err=True)
    return EXIT_FAILED


@index_command.command("build")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@json_option
def build_command(folder: Path, ids: tuple[str, ...], as_json: bool) -> None:
    """Write an index into FOLDER, of the learnwares IDs or of all of the Hub that have a
    specification here."""
    with job() as context:
        summary, problems = verbs.build_index(folder, ids, context)
    if as_json:
        print_json({**dataclasses.asdict(summary), "problems": list(problems)})
        return
    print_text(
        f"{summary.learnwares} learnwares, {summary.specifications} specifications, "
        f"{len(summary.files) + 1} files, {human_size(summary.size)}."
    )
    for problem in problems:
        print_text(problem, err=True)
    print_text(f"Publish it: lwtui index publish {folder} --to OWNER/NAME", err=True)


@index_command.command("publish")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--to", required=True, metavar="REPO", help="Dataset repository, owner/name.")
@click.option("--private", is_flag=True, help="Make a new repository private.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
def publish_command(
    folder: Path, to: str, private: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Send the index in FOLDER to a dataset repository of the Hub."""
    plan = verbs.plan_index(folder, to, private=private)
    files = [dataclasses.asdict(file) for file in plan.files]
    if not as_json:
        rows = [[file.path, human_size(file.size), file.sha256] for file in plan.files]
        print_table(["file", "size", "SHA-256"], rows, right=" r", shrink=2)
    if dry_run:
        if as_json:
            print_json({"to": to, "files": files, "sent": False})
        return
    if not (yes or as_json) and sys.stdin.isatty():
        click.confirm(f"Send these to {to}?", default=True, abort=True, err=True)
    with job() as context:
        address = verbs.publish_index(plan, context)
    if as_json:
        print_json({"to": to, "files": files, "sent": True, "address": address})
    else:
        print_text(address)


def _show(reports: list[verbs.IndexReport], as_json: bool, one: bool = False) -> None:
    if as_json:
        facts = [dataclasses.asdict(report) for report in reports]
        print_json(facts[0] if one else facts)
        return
    for report in reports:
        what = "could not be read" if report.failed else f"{report.changed} read anew"
        print_text(f"{report.source}: {report.learnwares} learnwares known, {what}.")
        for problem in report.problems:
            print_text(f"  {problem}", err=True)
