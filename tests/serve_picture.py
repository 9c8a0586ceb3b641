"""``lwtui serve`` in headless Chromium: a page is opened, Enter pressed in it, pictures saved.

    LWTUI_QT=PYTHON python tests/serve_picture.py [--out screenshots/serve.png]

Chromium is QtWebEngine: ``PYTHON`` is one that has PySide6 (in a virtual environment of its own; it
is no dependency of ours). Without it nothing is done, and this says so. The page shows the first
start; Enter matches the demo data, and the picture is of its ranking. The first picture lies beside
it, as ``…-first.png``. Fails if the page stays as it was.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BROWSER = """
import os, sys
os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1",
               "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu --headless"}
from PySide6.QtCore import QEvent, Qt, QTimer, QUrl
from PySide6.QtGui import QKeyEvent
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication
address, first, second, seconds = sys.argv[1:5]
app = QApplication(sys.argv)
view = QWebEngineView()
view.resize(1200, 760)
view.show()
view.setFocus()
view.load(QUrl(address))
def press():
    view.grab().save(first)
    view.page().runJavaScript("document.querySelector('textarea').focus()")
    for kind in (QEvent.KeyPress, QEvent.KeyRelease):
        event = QKeyEvent(kind, Qt.Key_Return, Qt.NoModifier, "\\r")
        QApplication.postEvent(view.focusProxy(), event)
def end():
    view.grab().save(second)
    app.quit()
QTimer.singleShot(12000, press)
QTimer.singleShot(12000 + int(float(seconds) * 1000), end)
app.exec()
"""


def has_chromium(python: str) -> bool:
    check = [python, "-c", "import PySide6.QtWebEngineWidgets"]
    return subprocess.run(check, capture_output=True, check=False).returncode == 0


def shrink(picture: Path) -> None:
    """Text in few colours needs no more than 64."""
    from PIL import Image

    with Image.open(picture) as image:
        smaller = image.convert("RGB").quantize(64)
    smaller.save(picture, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("screenshots/serve.png"))
    parser.add_argument("--seconds", type=float, default=40, help="for the match")
    options = parser.parse_args()
    python = os.environ.get("LWTUI_QT", sys.executable)
    if not has_chromium(python):
        print("No Chromium: LWTUI_QT names no Python that has PySide6.")  # noqa: T201
        return
    first = options.out.with_name(f"{options.out.stem}-first.png")
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [sys.executable, "-m", "lwtui", "serve"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "LWTUI_HOME": home},
        )
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            files = [str(path.absolute()) for path in (first, options.out)]
            command = [python, "-c", BROWSER, address, *files, str(options.seconds)]
            subprocess.run(command, check=True, timeout=120 + options.seconds)
        finally:
            server.terminate()
            server.wait(30)
    if first.read_bytes() == options.out.read_bytes():
        raise SystemExit("Enter changed nothing on the page.")
    for picture in (first, options.out):
        shrink(picture)
        print(f"{picture}: {picture.stat().st_size / 1000:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
