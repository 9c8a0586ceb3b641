"""``lwtui serve``: the app in a browser."""

from __future__ import annotations

import importlib.util
import ipaddress
import sys
from pathlib import Path

import click

from lwtui.cli.output import print_text
from lwtui.errors import BadInput, LwtuiError


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The interface to serve on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any that is free.")
@click.option("--public", is_flag=True, help="Allow an interface that other machines can reach.")
@click.option(
    "--data", metavar="FOLDER", type=click.Path(path_type=Path), help="Open it on this dataset."
)
def serve_command(host: str, port: int, public: bool, data: Path | None) -> None:
    """Serve the app to a browser on this machine, until Ctrl+C.

    It prints an address that works once; the browser that opened it stays let in, and the next
    address is printed for another. Every page is an app of its own. Whoever comes in can do what
    you can do in lwtui: read folders, run models, remove learnwares. So other machines are kept
    out unless --public is given, and what passes between is not encrypted.
    """
    if importlib.util.find_spec("textual_serve") is None:
        raise BadInput(
            "Serving needs textual-serve, which is not installed.",
            hint="Install it with: pip install 'lwtui[serve]'",
        )
    if data is not None and not data.exists():
        raise BadInput("There is no such file or folder.", file=data)
    from lwtui.web.server import AppServer, free_port, is_loopback

    if host.lower() != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise BadInput(
                f"{host!r:.80} is no address.", hint="Give an IP address, such as 127.0.0.1."
            ) from None
    if not is_loopback(host) and not public:
        raise BadInput(
            f"Other machines could reach lwtui on {host}.",
            hint="Add --public if that is what you want, or leave out --host.",
        )
    if not is_loopback(host):
        print_text(
            "Whoever gets an address below can use lwtui as you, and it is not encrypted: "
            "use it on a network you trust, or through a tunnel (ssh -L).",
            err=True,
        )
    try:
        port = port or free_port(host)
        AppServer(host, port, data, _announce).serve()
    except OSError as error:
        raise LwtuiError(
            f"lwtui cannot be served on {host}:{port}: {error.strerror or error}.",
            hint="Try another --port.",
        ) from error


def _announce(address: str) -> None:
    # Standard output, and at once: scripts wait for it.
    click.echo(address)
    sys.stdout.flush()
