"""``lwtui publish``."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import click

from lwtui.cli.output import json_option, print_json, print_pairs, print_table, print_text
from lwtui.cli.progress import job
from lwtui.errors import BadInput
from lwtui.learnware.storage import human_size
from lwtui.workflow.publish import plan_publish, publish

if TYPE_CHECKING:
    from lwtui.dock.publish_record import PublishPlan

_STATUS = {"new": "new", "replaces": "replaces", "same": "there already"}


@click.command("publish")
@click.argument("id")
@click.option("--to", required=True, metavar="OWNER/NAME", help="The repository on the Hub.")
@click.option("--private", is_flag=True, help="A new repository that only you can see.")
@click.option("--base", default="", metavar="REPO", help="An adapter's base, if its name differs.")
@click.option(
    "--as-base", is_flag=True, help="A whole model for adapters to build on; no specification."
)
@click.option("--message", default="", metavar="TEXT", help="Of the commit.")
@click.option("--dry-run", is_flag=True, help="Show what would leave this machine, and stop.")
@click.option("--show-card", is_flag=True, help="Show the part of the card that lwtui writes.")
@click.option("--yes", is_flag=True, help="Publish without asking.")
@json_option
def publish_command(
    id: str,
    to: str,
    private: bool,
    base: str,
    as_base: bool,
    message: str,
    dry_run: bool,
    show_card: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Publish the learnware ID in the Hub repository OWNER/NAME.

    Shows every file with its bytes first and asks; nothing but these bytes is sent. Others find it
    by the tag `learnware`, and their match reads its specification without pulling the weights.
    """
    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        raise BadInput(
            "There is nobody to ask whether to publish.",
            hint="Add --yes to publish, or --dry-run to see what would be sent.",
        )
    with job() as context:
        plan = plan_publish(
            id, to, private=private, base=base, as_base=as_base, message=message, context=context
        )
    if not as_json:
        _show(plan, show_card)
    if dry_run:
        if as_json:
            print_json(_told(plan))
        else:
            print_text("A dry run: nothing was sent.", err=True)
        return
    if not yes:
        count = sum(file.status != "same" for file in plan.files)
        click.confirm(f"Send {count} files to {plan.to}?", abort=True, err=True)
    with job() as context:
        address = publish(plan, context)
    if as_json:
        print_json({**_told(plan), "address": address})
        return
    print_text(f"Published: {address}")
    print_text(f"Others get it by: lwtui pull {plan.to}")


def _show(plan: PublishPlan, card: bool) -> None:
    rows = [
        (file.path, f"{file.size:,}", file.sha256[:16], _STATUS[file.status], file.origin)
        for file in plan.files
    ]
    print_table(("file", "bytes", "sha256", "there", "from"), rows, shrink=4, right=" r")
    where = "new" if plan.new else f"there, at commit {plan.parent[:12]}"
    seen = "private" if plan.private else "public: everyone can read it"
    same = plan.size - plan.to_send
    sent = f"{human_size(plan.size)} in {len(plan.files)} files"
    print_text()
    print_pairs(
        [
            ("total", sent + (f", {human_size(same)} of it there already" if same else "")),
            ("repository", f"{plan.to} ({where}; {seen})"),
            ("base", f"{plan.base} at {plan.base_revision[:12]}" if plan.base else ""),
            ("as", f"{plan.user} at {plan.endpoint}"),
        ]
    )
    for warning in plan.warnings:
        print_text(f"Note: {warning}")
    if card:
        print_text(f"\n{plan.section}")
    print_text()


def _told(plan: PublishPlan) -> dict[str, Any]:
    files = [
        {
            "path": file.path,
            "bytes": file.size,
            "sha256": file.sha256,
            "status": file.status,
            "origin": file.origin,
            "source": str(file.source) if file.source else None,
        }
        for file in plan.files
    ]
    names = [field.name for field in dataclasses.fields(plan) if field.name != "files"]
    told = {name: getattr(plan, name) for name in names}
    return {**told, "bytes": plan.size, "card": plan.card, "files": files}
