"""A loopback Hub in a process of its own, for benchmarks: ``python -m tests.hub.alone FOLDER``.

Every OWNER/NAME below the folder becomes a model. The first line of the output is the address;
the server stops when its standard input ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hub.server import HubServer


@contextmanager
def hub_process(folder: Path) -> Iterator[str]:
    """Its address. The process ends with the block, or with ours."""
    command = [sys.executable, "-m", "tests.hub.alone", str(folder)]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def main(folder: Path) -> None:
    with HubServer() as server:
        for repository in sorted(folder.glob("*/*/")):
            files = {
                path.relative_to(repository).as_posix(): path
                for path in sorted(repository.rglob("*"))
                if path.is_file()
            }
            server.add_model("/".join(repository.parts[-2:]), files)
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
