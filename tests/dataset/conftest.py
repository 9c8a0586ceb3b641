"""Files of a user's folder, really written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write bytes, text, or rows (as JSON lines) into a file below ``tmp_path``."""

    def write_file(
        name: str, content: bytes | str | Iterable[Any], encoding: str = "utf-8"
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_bytes(content.encode(encoding))
        else:
            lines = "".join(json.dumps(row) + "\n" for row in content)
            path.write_bytes(lines.encode(encoding))
        return path

    return write_file


@pytest.fixture
def questions() -> list[dict[str, str]]:
    return [{"question": f"What is {n}?", "answer": f"It is {n}."} for n in range(8)]
