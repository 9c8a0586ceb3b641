"""The program in a real (pseudo-)terminal: it opens, leaves, and gives the terminal back."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from .terminal import LEAVE_SCREEN, LIMIT, given_back, terminal

PATIENCE = 180.0
"""Seconds for what a model does on a busy machine."""
STOPS = b"Stop"
"""In the footer while an answer is being written."""
LISTED = b"Palette"
"""In the footer, once the first mode is open."""
CRASH = """
from lwtui.tui.app import LwtuiApp, run
def explode(self):
    raise RuntimeError("a bug")
LwtuiApp.action_help = explode
raise SystemExit(run())
"""


STARTED_BY_ANOTHER = """
import signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
subprocess.run([sys.executable, "-m", "lwtui"])
"""
"""As make does: a closed terminal sends its signal to this one alone, which waits for the app."""


def test_the_first_start_matches_chats_stops_and_quits() -> None:
    with terminal("-m", "lwtui") as program:
        program.read_until(b"Welcome to lwtui")
        program.read_after(b"\r", b"confidence:", PATIENCE)
        program.read_after(b"\r", b"of 1,024 tokens", PATIENCE)
        (model,) = (
            process
            for process in psutil.Process(program.pid).children(recursive=True)
            if "lwtui.backend" in " ".join(process.cmdline())
        )
        model.suspend()  # its answers are short: it is stopped before the first word
        program.read_after(b"\r", STOPS)
        # Escape, as modern terminals send it; once Browse shows (F1), it has been heard.
        program.read_after(b"\x1b[27u\x1bOP", b"Filter")
        model.resume()
        program.read_after(b"\x1bOR", b"stopped", PATIENCE)
        program.press(b"\x11")
        assert program.read_to_end() == 0
        assert given_back(program.written)
        assert not model.is_running()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_by_the_front_door(number: signal.Signals) -> None:
    with terminal("-m", "lwtui") as program:
        program.read_until(b"no jobs")
        os.kill(program.pid, number)
        assert program.read_to_end() == 0
        assert given_back(program.written)


def test_a_terminal_that_closes_ends_it_though_no_signal_comes() -> None:
    with terminal("-c", STARTED_BY_ANOTHER) as program:
        program.read_until(b"no jobs")
        (app,) = psutil.Process(program.pid).children()
        program.hang_up()
        app.wait(LIMIT)


def test_a_bug_gives_the_terminal_back_and_shows_itself() -> None:
    with terminal("-c", CRASH) as program:
        program.read_until(LISTED)
        program.press(b"?")
        assert program.read_to_end() == 1
        assert given_back(program.written)
        after = program.written[program.written.rfind(LEAVE_SCREEN) :]
        assert b"a bug" in after
