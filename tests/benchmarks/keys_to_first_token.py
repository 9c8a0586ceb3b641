"""How many keys it takes from the start of the app to the first token of an answer.

    python tests/benchmarks/keys_to_first_token.py

The real app in a pseudo-terminal, on the starter collection and the demo dataset of a bank's
messages; each key is pressed when what it acts on is on the screen. Three ways: the first start
ever, a later start, and a later start with the dataset named on the command line. Printed: the
keys, their number, and seconds from the start to the end of the first answer, for a person who
needs no time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lwtui import paths
from tests.tui.terminal import Terminal, terminal

DEMO = paths.demo_root() / "finance-support"
GOAL = 6
PATIENCE = 300.0
ENTER = b"\r"
RANKED = (ENTER, b"confidence:")
"""What is pressed, and what is on the screen once it has worked."""
CHAT_READY = (ENTER, b"of 1,024 tokens")
ANSWERED = (ENTER, b"tokens/s")

WAYS: dict[str, tuple[list[str], bytes, list[tuple[bytes, bytes]]]] = {
    "first start": ([], b"Welcome to lwtui", [RANKED, CHAT_READY, ANSWERED]),
    "later start": (
        [],
        b"Palette",
        [
            (b"2", b"Which learnware is best"),
            (ENTER, b"fields found"),
            (b"s", b"confidence:"),
            CHAT_READY,
            ANSWERED,
        ],
    ),
    "later start, data named": (
        ["--data", str(DEMO)],
        b"fields found",
        [(b"s", b"confidence:"), CHAT_READY, ANSWERED],
    ),
}


def go(program: Terminal, opened: bytes, steps: list[tuple[bytes, bytes]]) -> float:
    """Press everything; seconds from the start to the end of the answer."""
    started = time.perf_counter()
    program.read_until(opened, PATIENCE)
    for keys, mark in steps:
        program.read_after(keys, mark, PATIENCE)
    return time.perf_counter() - started


def main() -> None:
    most = 0
    with tempfile.TemporaryDirectory() as home:
        for name, (arguments, opened, steps) in WAYS.items():
            environment = {"LWTUI_HOME": home, "HF_HUB_OFFLINE": "1"}
            with terminal("-m", "lwtui", *arguments, environment=environment) as program:
                seconds = go(program, opened, steps)
                program.press(b"\x11")
                program.read_to_end()
            keys = [key.decode().replace("\r", "enter") for key, _ in steps]
            most = max(most, len(keys))
            print(f"{name:25} {len(keys)} keys: {' '.join(keys):25} {seconds:.1f} s")
    if most > GOAL:
        raise SystemExit(f"more than {GOAL} keys")


if __name__ == "__main__":
    main()
