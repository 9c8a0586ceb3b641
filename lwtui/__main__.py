"""``lwtui`` and ``python -m lwtui``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def _open_app(data: Path | None) -> int:
    from lwtui.tui.app import run

    return run(data=data)


def main() -> int:
    """Run the command line, or the app when nothing is asked; return the exit code."""
    arguments = sys.argv[1:]
    try:
        if not arguments and sys.stdin.isatty() and sys.stdout.isatty():
            # Straight into the app: its first frame does not wait for the command line's parser.
            return _open_app(None)
        from lwtui.cli.main import run_command

        return run_command(arguments, _open_app)
    except KeyboardInterrupt:
        # Only while a face is being imported: each handles Ctrl+C itself.
        return 130


if __name__ == "__main__":
    sys.exit(main())
