"""Small datasets for the loopback Hub, sound and hostile. Their text is made up here."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def rows(subject: str, count: int = 80) -> list[dict[str, Any]]:
    return [
        {"question": f"What is {subject} number {n}?", "answer": f"{subject} {n} is blue {n % 7}."}
        for n in range(count)
    ]


def jsonl(subject: str, count: int = 80) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows(subject, count))


def zipped(data: bytes) -> bytes:
    return gzip.compress(data)


def csv(subject: str, count: int = 80) -> str:
    lines = ["question,answer"]
    lines += [f'"What is {subject}, {n}?","It is ""{n}"",\nsurely."' for n in range(count)]
    return "\n".join(lines) + "\n"


def parquet(table: dict[str, Any], group: int = 100, metadata: Any = None) -> bytes:
    made = pa.table(table)
    if metadata is not None:
        made = made.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    out = io.BytesIO()
    pq.write_table(made, out, row_group_size=group)
    return out.getvalue()


def columns(subject: str, count: int = 300) -> dict[str, list[Any]]:
    every = rows(subject, count)
    return {name: [row[name] for row in every] for name in ("question", "answer")}


SCRIPT = "import os\nos.system('touch /tmp/owned')\n"
