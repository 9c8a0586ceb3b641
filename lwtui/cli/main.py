"""The command ``lwtui``: finds the verb, and turns every error into a message and an exit code."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from lwtui import __version__
from lwtui.cli.output import print_error
from lwtui.errors import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    EXIT_FAILED,
    BadInput,
    Cancelled,
    LwtuiError,
)

OpenApp = Callable[["Path | None"], int]
"""Opens the app, on a dataset or on none; returns its exit code."""

VERBS: dict[str, tuple[str, str]] = {
    "list": ("browse:list_command", "List the learnwares on this machine."),
    "show": ("browse:show_command", "Show all that is known of a learnware."),
    "search": ("search:search_command", "Search the collection, or Hugging Face Hub."),
    "pull": ("pull:pull_command", "Pull a model from the Hub into the collection."),
    "add": ("collect:add_command", "Add an adapter, a model or a GGUF file of yours."),
    "remove": ("collect:remove_command", "Remove a learnware you added."),
    "check": ("check:check_command", "Check that a learnware is whole, safe and runs."),
    "spec": ("spec:spec_command", "Compute the specification of a dataset."),
    "specify": ("specify:specify_command", "Give a learnware that has none a specification."),
    "match": ("match:match_command", "Find the learnware that suits a dataset best."),
    "requirements": (
        "requirements:requirements_command",
        "Match again what was saved; compare matches.",
    ),
    "chat": ("chat:chat_command", "Chat with a learnware."),
    "chats": ("chats:chats_command", "List, find, show, export and delete conversations."),
    "evaluate": ("evaluate:evaluate_command", "Evaluate learnwares on data or benchmarks."),
    "runs": ("runs:runs_command", "List, show, compare, export and delete evaluations."),
    "table": ("table:table_command", "Compare base, pick, best single and oracle."),
    "convert": ("convert:convert_command", "Make a GGUF of an adapter, for llama.cpp."),
    "publish": ("publish:publish_command", "Publish a learnware on the Hub."),
    "index": ("index:index_command", "Subscribe to published specifications; publish your own."),
    "serve": ("serve:serve_command", "Serve the app to a browser on this machine."),
    "config": ("config:config_command", "Show and check your settings."),
    "doctor": ("doctor:doctor_command", "Say what this machine can run."),
}
"""Verb to where its command lies and what it does. ``--help`` needs no module of theirs."""


class _Verbs(click.Group):
    """A group that imports a verb's module when the verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"lwtui.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " See `lwtui --help`."
            raise click.UsageError(f"There is no verb {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(
    "lwtui",
    cls=_Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.",
)
@click.version_option(__version__, "-V", "--version", prog_name="lwtui")
@click.option(
    "--data",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Open the app on this dataset (a folder or a file).",
)
@click.pass_context
def command(ctx: click.Context, data: Path | None) -> int | None:
    """Find, match and run specialised small language models (learnwares).

    Without a verb it opens the app. Every verb takes --help, and those that print take --json:
    one JSON document on standard output; progress goes to standard error.
    """
    if ctx.invoked_subcommand is not None:
        if data is not None:
            raise click.UsageError("--data opens the app, so it takes no verb beside it.", ctx)
        return None
    in_browser = "web_driver" in os.environ.get("TEXTUAL_DRIVER", "")  # started by `lwtui serve`
    if ctx.obj is None or not (in_browser or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise BadInput("The app needs a terminal.", hint="See `lwtui --help` for what works here.")
    if data is not None and not data.exists():
        raise BadInput("There is no such file or folder.", file=data)
    open_app: OpenApp = ctx.obj
    return open_app(data)


def run_command(arguments: Sequence[str], open_app: OpenApp | None = None) -> int:
    """Run one command line; return its exit code. Only bugs raise.

    ``open_app`` opens the other face, which this one does not know.
    """
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal cannot show is no reason to fail.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        result: Any = command.main(
            list(arguments), prog_name="lwtui", standalone_mode=False, obj=open_app
        )
        sys.stdout.flush()
        return result if isinstance(result, int) else EXIT_DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_BAD_INPUT
    except click.UsageError as error:
        return _usage(error, as_json)
    except (KeyboardInterrupt, click.Abort):
        return print_error(Cancelled(), as_json)
    except LwtuiError as error:
        return print_error(error, as_json)
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.EINVAL) and error.filename is None:
            return _reader_left()  # EINVAL is how Windows says it
        message = f"{error.strerror or error}."
        return print_error(LwtuiError(message, file=error.filename), as_json)


def _usage(error: click.UsageError, as_json: bool) -> int:
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    return print_error(BadInput(error.format_message()), as_json)


def _reader_left() -> int:
    # Whoever read our output closed it (`lwtui list | head`): no message, and nothing more to it.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    return EXIT_FAILED
