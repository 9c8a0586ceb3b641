"""``lwtui chats``: the conversations on this machine."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lwtui.cli.output import json_option, print_json, print_table, print_text
from lwtui.errors import BadInput

if TYPE_CHECKING:
    from lwtui.chat.store import ChatStore, SessionSummary

_SHOWN_ID = 8
"""As many characters of an id tell conversations apart."""


@click.group("chats", invoke_without_command=True)
@json_option
@click.pass_context
def chats_command(ctx: click.Context, as_json: bool) -> None:
    """List the conversations on this machine, and work with them. A CHAT is an id, the beginning
    of one, or `last`. `lwtui chat --session CHAT` goes on with one."""
    if ctx.invoked_subcommand is None:
        _list(20, as_json)


@chats_command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
def list_command(limit: int, as_json: bool) -> None:
    """List conversations, the last used first."""
    _list(limit, as_json)


def _list(limit: int, as_json: bool) -> None:
    with _store() as store:
        found = store.list(limit=limit)
    _print(found, as_json, "There is no conversation yet: lwtui chat")


@chats_command.command("find")
@click.argument("text")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
def find_command(text: str, limit: int, as_json: bool) -> None:
    """Find the messages that hold every word of TEXT."""
    with _store() as store:
        found = store.find(text, limit)
    if as_json:
        print_json({"found": [dataclasses.asdict(each) for each in found]})
        return
    if not found:
        print_text("No message holds that.", err=True)
        return
    rows = (
        (each.session[:_SHOWN_ID], each.role, "".join(piece for piece, _ in each.snippet))
        for each in found
    )
    print_table(("id", "by", "message"), rows, shrink=2, drop=(1,))


@chats_command.command("show")
@click.argument("chat")
@json_option
def show_command(chat: str, as_json: bool) -> None:
    """Print a conversation."""
    from lwtui.chat.export import to_json, to_markdown

    with _store() as store:
        session = store.load(find_chat(store, chat))
    if as_json:
        click.echo(to_json(session), nl=False)
        return
    print_text(to_markdown(session))


@chats_command.command("export")
@click.argument("chat")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export_command(chat: str, output: Path, force: bool) -> None:
    """Write a conversation to a file: Markdown, or JSON if its name ends in .json."""
    from lwtui.workflow.export_chat import export_chat

    with _store() as store:
        session = store.load(find_chat(store, chat))
    try:
        export_chat(session, output, replace=force)
    except FileExistsError as error:
        raise BadInput(
            "There is such a file already.", file=output, hint="--force replaces it."
        ) from error
    print_text(f"Wrote {output}.")


@chats_command.command("rename")
@click.argument("chat")
@click.argument("title")
def rename_command(chat: str, title: str) -> None:
    """Give a conversation another title."""
    with _store() as store:
        store.rename(find_chat(store, chat), title)
    print_text("Renamed.")


@chats_command.command("delete")
@click.argument("chat")
def delete_command(chat: str) -> None:
    """Move a conversation to the trash, for 30 days."""
    with _store() as store:
        identifier = find_chat(store, chat)
        store.delete(identifier)
    short = identifier[:_SHOWN_ID]
    print_text(f"In the trash; `lwtui chats restore {short}` has it back.")


@chats_command.command("restore")
@click.argument("chat")
def restore_command(chat: str) -> None:
    """Take a conversation out of the trash."""
    with _store() as store:
        store.restore(store.resolve(chat))
    print_text("It is back.")


@chats_command.command("trash")
@json_option
def trash_command(as_json: bool) -> None:
    """List what was deleted and can be had back."""
    with _store() as store:
        found = store.trash()
    _print(found, as_json, "The trash is empty.")


def find_chat(store: ChatStore, chat: str) -> str:
    """The id of ``last``, or of what begins so. Raises ``BadInput``."""
    if chat != "last":
        return store.resolve(chat)
    newest = store.list(limit=1)
    if not newest:
        raise BadInput("There is no conversation yet.", hint="Begin one: lwtui chat")
    return newest[0].id


def _store() -> contextlib.AbstractContextManager[ChatStore]:
    from lwtui.chat.store import ChatStore

    return ChatStore()


def _print(found: Sequence[SessionSummary], as_json: bool, nothing: str) -> None:
    if as_json:
        print_json({"chats": [dataclasses.asdict(each) for each in found]})
        return
    if not found:
        print_text(nothing, err=True)
        return
    rows = (
        (each.id[:_SHOWN_ID], each.updated[:16].replace("T", " "), str(each.turns), each.learnware,
         each.title)
        for each in found
    )  # fmt: skip
    head = ("id", "last used", "turns", "learnware", "title")
    print_table(head, rows, shrink=4, right="  r  ", drop=(3, 2))
