"""olah, a mirror of the Hub that others wrote, serving a local Git repository.

It wants libraries of other versions than ours, so it lives in an environment of its own. Tests use
it where ``olah-cli`` is on the PATH or LWTUI_OLAH names it, as after
``python -m venv olah && olah/bin/pip install olah==0.5.4``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.hub.repositories import LARGE_SUFFIXES, pointer

_CONFIG = """[basic]
host = "127.0.0.1"
port = {port}
repos-path = {repos}
mirrors-path = [{mirrors}]
[accessibility]
offline = true
"""


def olah_program() -> str | None:
    return os.environ.get("LWTUI_OLAH") or shutil.which("olah-cli")


@contextmanager
def olah(folder: Path, repo_id: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Its address, with one model."""
    _mirror(folder / "mirrors/models" / repo_id, files)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    config, log = folder / "olah.toml", folder / "logs"
    repos, mirrors = (json.dumps(str(folder / name)) for name in ("repos", "mirrors"))
    config.write_text(_CONFIG.format(port=port, repos=repos, mirrors=mirrors))
    command = [str(olah_program()), "-c", str(config), "--log-path", str(log)]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Uvicorn running" in line:
                break
        rest = threading.Thread(target=process.stderr.read, daemon=True)
        rest.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            rest.join()


def _mirror(folder: Path, files: Mapping[str, bytes]) -> None:
    """A Git repository with one commit; large files as Git LFS keeps them."""
    folder.mkdir(parents=True)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if path.endswith(LARGE_SUFFIXES):
            name = hashlib.sha256(data).hexdigest()
            kept = folder / ".git/lfs/objects" / name[:2] / name[2:4] / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(data)
            target.write_bytes(pointer(name, len(data)))
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
