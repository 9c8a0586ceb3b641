"""``lwtui chat``: one prompt for scripts, or a plain line by line conversation."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lwtui.cli.chat_options import sampling_of, sampling_options
from lwtui.cli.interrupt import ctrl_c_stops
from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.progress import job
from lwtui.errors import EXIT_DONE, EXIT_INTERRUPTED, BadInput, LwtuiError
from lwtui.safe_text import clean

if TYPE_CHECKING:
    from lwtui.backend.protocol import Finished
    from lwtui.chat.session import ChatSession
    from lwtui.match.result import MatchResult
    from lwtui.workflow.chat import Chat
    from lwtui.workflow.mixture import PromptRouter

_LARGEST_PROMPT = 16 * 1024 * 1024


@click.command("chat")
@click.argument("id", required=False)
@click.option(
    "--for", "folder", type=click.Path(path_type=Path), help="Match this dataset, take the winner."
)
@click.option(
    "--mixture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Let every prompt go to its own learnware of those that `match --mixture -o FILE` found.",
)
@click.option(
    "--backend",
    type=click.Choice(["auto", "transformers", "llama_cpp", "openai"]),
    default="auto",
    show_default=True,
    help="What runs the model.",
)
@click.option(
    "--server", metavar="URL", default="", help="openai: the server (else OPENAI_BASE_URL)."
)
@click.option("--model", metavar="NAME", default="", help="openai: the server's name of the model.")
@click.option("--prompt", metavar="TEXT", help="Answer this and leave; - reads standard input.")
@click.option("--session", metavar="CHAT", help="Go on with a conversation of `lwtui chats`.")
@click.option(
    "--compare",
    multiple=True,
    metavar="ID",
    help="Ask this learnware too, and print the answers of all. Repeatable; one alone is compared "
    "with its base. Needs --prompt.",
)
@sampling_options
@json_option
def chat_command(
    id: str | None,
    folder: Path | None,
    mixture: Path | None,
    backend: str,
    server: str,
    model: str,
    prompt: str | None,
    session: str | None,
    compare: tuple[str, ...],
    as_json: bool,
    **sampling: Any,
) -> int:
    """Chat with the learnware ID, or with the one that suits the dataset --for FOLDER best.

    With --backend openai a running server (vLLM, llama-server, Ollama) answers; without ID any of
    its models does. Its key is read from OPENAI_API_KEY.

    Ctrl+C stops an answer and keeps its text; Ctrl+D or /quit leaves.
    """
    if (server or model) and backend != "openai":
        raise BadInput("--server and --model need --backend openai.")
    if sum(map(bool, (id, folder, mixture))) > 1:
        raise BadInput("Give one of these: a learnware, --for FOLDER or --mixture FILE.")
    if as_json and prompt is None:
        raise BadInput("--json needs --prompt.")
    text = _prompt_text(prompt)
    if compare and (text is None or mixture or session or backend == "openai"):
        raise BadInput(
            "--compare needs --prompt, without --mixture, --session and --backend openai."
        )
    system, changes = sampling_of(sampling)
    result = _match(folder) if folder else None
    router = _router(mixture) if mixture else None
    chosen = result.selected if result else id
    if router is not None:
        chosen = router.route(text) if text is not None else router.router.learnwares[0]
        if text is not None and not as_json:
            print_text(f"{chosen} answers.", err=True)
    if result and chosen and not as_json:
        best = f"{chosen} suits {result.dataset} best ({result.confidence})."
        print_text(result.advice or best, err=True)
    if compare and text is not None:
        from lwtui.cli.chat_compare import compare as compare_all

        names = [*([chosen] if chosen else []), *compare]
        return compare_all(
            names, text, system=system, changes=changes, backend=backend, as_json=as_json
        )
    if chosen is None and backend == "openai":
        from lwtui.backend.served import served

        chosen = served(model, server).learnware
    earlier = _earlier(session) if session is not None else None
    if earlier is not None and chosen is None:
        chosen = earlier.learnware
    kept = earlier.id if earlier is not None else None
    keep = text is None or kept is not None
    chat = _open(chosen, backend, changes, system, (server, model), keep=keep, session_id=kept)
    with chat:
        if kept is not None and system:
            chat.set_system(system)
        if text is not None and chat.where.startswith("openai/"):
            print_text(chat.reason, err=True)
        if text is None:
            return _converse(chat, router)
        return _answer_once(chat, text, result, as_json)


def _earlier(name: str) -> ChatSession:
    from lwtui.chat.store import ChatStore
    from lwtui.cli.chats import find_chat

    with ChatStore() as store:
        return store.load(find_chat(store, name))


def _prompt_text(prompt: str | None) -> str | None:
    if prompt is None:
        return None
    text = _standard_input() if prompt == "-" else prompt
    if not text.strip():
        raise BadInput("The prompt is empty.")
    return text


def _standard_input() -> str:
    data = sys.stdin.buffer.read(_LARGEST_PROMPT + 1)
    if len(data) > _LARGEST_PROMPT:
        raise BadInput("The prompt is larger than 16 MiB.")
    return data.decode("utf-8", errors="replace")


def _match(folder: Path) -> MatchResult:
    from lwtui.match.result import Filters
    from lwtui.workflow.match import match

    with job() as context:
        result = match(folder, filters=Filters(here=True), top=1, context=context)
    if result.selected is None:
        raise LwtuiError(result.advice or "No learnware here suits this dataset.")
    return result


def _open(
    id: str | None,
    backend: str,
    changes: dict[str, object],
    system: str,
    at: tuple[str, str],
    *,
    keep: bool,
    session_id: str | None,
) -> Chat:
    from lwtui.workflow.browse import default_learnware, open_collection
    from lwtui.workflow.chat import Chat

    if id is None:
        with open_collection() as collection:
            id = default_learnware(collection).id
    with job() as context:
        context.progress(0, None, f"loading {id}")
        return Chat.open(
            id,
            backend=backend,
            changes=changes,
            system=system,
            keep=keep,
            session_id=session_id,
            context=context,
            server=at[0],
            served_model=at[1],
        )


def _answer_once(chat: Chat, text: str, result: MatchResult | None, as_json: bool) -> int:
    finished = _stream(chat, text, show=not as_json)
    stopped = finished is None or finished.reason == "cancelled"
    if as_json:
        print_json(_facts(chat, finished, result))
    return EXIT_INTERRUPTED if stopped else EXIT_DONE


def _facts(chat: Chat, finished: Finished | None, result: MatchResult | None) -> dict[str, Any]:
    turn = chat.session.turns[-1]
    backend, _, device = chat.where.partition("/")
    facts: dict[str, Any] = {
        "learnware": chat.session.learnware,
        "backend": backend,
        "device": device,
        "reason": chat.reason,
        "answer": turn.content,
        "finished": finished.reason if finished else "cancelled",
        "prompt_tokens": finished.prompt_tokens if finished else 0,
        "tokens": turn.tokens,
        "seconds_to_first": finished.seconds_to_first if finished else None,
        "seconds": turn.seconds,
        "note": turn.note,
    }
    if result is not None:
        from lwtui.cli.match_output import result_facts

        facts["match"] = result_facts(result, result.dataset)
    return facts


def _router(file: Path) -> PromptRouter:
    """The router, once all its learnwares are known to be here."""
    from lwtui.workflow.browse import open_collection
    from lwtui.workflow.mixture import PromptRouter

    router = PromptRouter(file)
    with open_collection() as collection:
        for name in sorted(set(router.router.learnwares)):
            collection.get(name)
    return router


def _hand_over(chat: Chat, router: PromptRouter, text: str) -> None:
    """Swap to the learnware the prompt is for, and say which."""
    chosen = router.route(text)
    if chosen != chat.session.learnware:
        with job() as context:
            chat.switch(chosen, context)
    print_text(f"{chosen} answers.", err=True)


def _converse(chat: Chat, router: PromptRouter | None = None) -> int:
    """Read a line, stream the answer, until the end."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - gives input() editing and a history
    terminal = sys.stdin.isatty()
    if terminal:
        print_text(
            f"{chat.session.learnware} on {chat.where}. {chat.reason} "
            "Ctrl+C stops an answer, Ctrl+D or /quit leaves.",
            err=True,
        )
    while True:
        try:
            text = input("> " if terminal else "")
        except EOFError:
            if terminal:
                click.echo(err=True)
            return EXIT_DONE
        except KeyboardInterrupt:
            click.echo(err=True)
            return EXIT_INTERRUPTED
        if text.strip() in ("/quit", "/exit"):
            return EXIT_DONE
        if not text.strip():
            continue
        try:
            if router is not None:
                _hand_over(chat, router, text)
            _stream(chat, text, show=True)
        except BadInput as error:
            print_text(f"Error: {error}", err=True)
        except LwtuiError as error:
            # The model's process may have died: the next question starts it again.
            print_text(f"\nError: {error}", err=True)


def _stream(chat: Chat, text: str, *, show: bool) -> Finished | None:
    """Ask and print the answer as it comes; None if it ended without a last word. Ctrl+C stops
    the answer."""
    from lwtui.backend.protocol import Chunk

    finished: Finished | None = None
    with ctrl_c_stops(chat.stop):
        for item in chat.ask(text):
            if not isinstance(item, Chunk):
                finished = item
            elif show:
                click.echo(clean(item.text), nl=False)
    if show:
        click.echo()
        note = chat.session.turns[-1].note
        if note:
            print_text(note, err=True)
    return finished
