"""Time from the start of the process to the first painted frame, against a bare Textual app.

    python tests/benchmarks/first_frame.py [--rounds 15] [--learnwares 10000]

Both run alternately in a pseudo-terminal of 120 x 40, with so many learnwares in the collection
beside the starter ones. The first frame is the first write that moves the cursor to a line of the
screen and paints text there. A third row times ``lwtui`` until the list of learnwares is on the
screen. Medians are printed, and the median, lowest and highest of the rounds' ratios: the two runs
of a round follow each other at once, so that what else the machine does weighs on both.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lwtui.learnware.collection import Collection
from tests.benchmarks.collection import write_collection

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("hello")

Bare().run()
"""
ANSWER_TO_QUERIES = b"\x1b[?2026;2$y\x1b[?2048;0$y"
"""What a modern terminal answers when it is asked for synchronised output."""


def seconds_until(argv: list[str], marks: list[bytes], environment: dict[str, str]) -> list[float]:
    """Start ``argv`` in a terminal; seconds until each of ``marks`` was written, in order."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, environment)  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    written, found, answered = b"", [], False
    try:
        while len(found) < len(marks):
            ready, _, _ = select.select([terminal], [], [], 30)
            if not ready:
                raise SystemExit(f"{argv}: nothing more was painted; so far {written[-2000:]!r}")
            written += os.read(terminal, 65536)
            while len(found) < len(marks) and marks[len(found)] in written:
                found.append(time.perf_counter() - started)
            if not answered and b"\x1b[?2026$p" in written:
                os.write(terminal, ANSWER_TO_QUERIES)
                answered = True
    finally:
        os.kill(pid, signal.SIGTERM)
        while select.select([terminal], [], [], 5)[0]:
            try:
                if not os.read(terminal, 65536):
                    break
            except OSError:  # the other end is closed
                break
        os.waitpid(pid, 0)
        os.close(terminal)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--learnwares", type=int, default=10_000)
    parser.add_argument("--listed", default="●", help="text that shows that the list is there")
    arguments = parser.parse_args()
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    bare, ours, listed = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(BARE)
        home = Path(folder) / "home"
        environment["LWTUI_HOME"] = str(home)
        write_collection(home, arguments.learnwares)
        Collection.open(home).close()  # as after the first start: the index is there
        lwtui = [str(Path(sys.executable).with_name("lwtui"))]
        if not Path(lwtui[0]).exists():
            lwtui = [sys.executable, "-m", "lwtui"]
        for number in range(arguments.rounds + 1):
            first = seconds_until([sys.executable, str(script)], [b"hello"], environment)[0]
            marks = [b"1 Browse", arguments.listed.encode()]
            times = seconds_until(lwtui, marks, environment)
            if number:  # the first round fills the caches of the disk
                bare.append(first)
                ours.append(times[0])
                listed.append(times[1])
    print(f"{arguments.learnwares:,} learnwares, {arguments.rounds} rounds")
    for name, values in (("bare Textual app", bare), ("lwtui", ours), ("lwtui, list", listed)):
        ratios = [mine / theirs for mine, theirs in zip(values, bare, strict=True)]
        middle = statistics.median(ratios)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{name:<17} {statistics.median(values):.3f} s  ratio {middle:.2f}  ({spread})")


if __name__ == "__main__":
    main()
