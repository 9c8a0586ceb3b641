"""Samples: the same ones again, every row as likely, in little memory, with progress and cancel."""

from __future__ import annotations

import collections
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lwtui.dataset import open_dataset
from lwtui.errors import BadInput, Cancelled
from lwtui.jobs import CancelToken, JobContext, Progress


def _rows(first: int, last: int) -> list[dict[str, Any]]:
    return [{"question": f"Q{n}", "answer": f"A{n}"} for n in range(first, last)]


def test_the_same_seed_gives_the_same_sample(write: Any) -> None:
    path = write("rows.jsonl", _rows(0, 500))
    one, again = open_dataset(path).sample(20, seed=3), open_dataset(path).sample(20, seed=3)
    assert one == again
    assert len({example.prompt for example in one.examples}) == 20
    assert open_dataset(path).sample(20, seed=4).examples != one.examples


def test_the_order_on_the_disk_does_not_matter(write: Any, tmp_path: Path) -> None:
    names = ["b.jsonl", "a/x.jsonl", "c.jsonl", "a/w.jsonl", "aa.jsonl"]
    for folder, order in (("one", names), ("two", sorted(names)), ("three", names[::-1])):
        for name in order:
            start = names.index(name) * 100
            write(f"{folder}/{name}", _rows(start, start + 100))
    drawn = [open_dataset(tmp_path / folder).sample(40, seed=1).examples for folder in
             ("one", "two", "three")]  # fmt: skip
    assert drawn[0] == drawn[1] == drawn[2]


def test_every_row_is_as_likely_in_every_place(write: Any) -> None:
    dataset = open_dataset(write("rows.jsonl", _rows(0, 40)))
    drawn = collections.Counter()  # type: ignore[var-annotated]
    first = collections.Counter()  # type: ignore[var-annotated]
    for seed in range(400):
        examples = dataset.sample(10, seed=seed).examples
        drawn.update(example.prompt for example in examples)
        first[int(examples[0].prompt[1:]) < 20] += 1
    # 400 draws with p = 1/4: mean 100, standard deviation 8.7.
    assert len(drawn) == 40
    assert all(60 < count < 140 for count in drawn.values())
    assert 150 < first[True] < 250


def test_a_small_dataset_is_drawn_whole(write: Any) -> None:
    sample = open_dataset(write("rows.jsonl", _rows(0, 7))).sample(128)
    assert sorted(e.prompt for e in sample.examples) == [f"Q{n}" for n in range(7)]
    assert sample.rows_seen == 7


def test_no_rows_asked_for(write: Any) -> None:
    with pytest.raises(BadInput, match="at least one row"):
        open_dataset(write("rows.jsonl", _rows(0, 7))).sample(0)


def test_progress_counts_bytes(write: Any) -> None:
    write("d/a.jsonl", _rows(0, 30_000))
    folder = write("d/b.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 30_000)).parent
    reports: list[Progress] = []
    dataset = open_dataset(folder)
    dataset.sample(5, context=JobContext(reports.append))
    done = [report.done for report in reports]
    assert len(done) > 50
    assert done == sorted(done)
    assert {report.total for report in reports} == {dataset.size}
    assert done[-1] == dataset.size
    assert reports[0].note == "reading a.jsonl"


@pytest.mark.parametrize("content", [b'{"text": "x"}\n', b"{broken\n"], ids=["rows", "junk"])
def test_cancel(write: Any, content: bytes) -> None:
    path = write("rows.jsonl", b'{"text": "x"}\n' * 60 + content * 100_000)
    token = CancelToken()
    reports: list[Progress] = []

    def stop(report: Progress) -> None:
        reports.append(report)
        token.cancel()

    with pytest.raises(Cancelled):
        open_dataset(path).sample(5, context=JobContext(stop, token))
    assert len(reports) == 1


def test_opening_gives_up_on_endless_junk(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lwtui.dataset.files._HEAD_BYTES", 1 << 20)
    path = write("rows.jsonl", b"{broken\n" * 400_000 + b'{"text": "x"}\n')
    with pytest.raises(BadInput) as caught:
        open_dataset(path)
    more = re.search(r"; and ([\d,]+) more problems", str(caught.value))
    # A line has 8 bytes, and buffers hold up to 1 MB more than was looked at.
    assert more is not None
    assert int(more[1].replace(",", "")) < 400_000


def test_the_number_of_rows_is_estimated(write: Any) -> None:
    rows = [{"question": f"Why is it {n}? " * 4, "answer": "so " * 80} for n in range(30_000)]
    estimate = open_dataset(write("rows.jsonl", rows)).rows_estimate()
    assert estimate == pytest.approx(30_000, rel=0.15)


_MEASURE = """
import json, resource, sys
from pathlib import Path
from lwtui.dataset import open_dataset
open_dataset(Path(sys.argv[1])).sample(64)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sample = open_dataset(Path(sys.argv[2])).sample(64)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([len(sample.examples), sample.rows_seen, after - before]))
"""


def _big(path: Path, kind: str, rows: int) -> Path:
    """About 1 kB a row."""
    row = {"question": "word " * 100, "answer": "reply " * 80}
    line = json.dumps(row)
    path = path / f"{rows}.{kind}"
    if kind == "jsonl":
        path.write_text((line + "\n") * rows)
    elif kind == "json":
        path.write_text("[" + ",\n".join([line] * rows) + "]")
    elif kind == "csv":
        path.write_text("question,answer\n" + (",".join(row.values()) + "\n") * rows)
    elif kind == "jsonl.gz":
        path.write_bytes(gzip.compress(((line + "\n") * rows).encode(), 1))
    else:
        numbers = [f"{n} {row['question']}" for n in range(rows)]
        table = pa.table({"question": numbers, "answer": [row["answer"]] * rows})
        pq.write_table(table, path, row_group_size=5000, use_dictionary=False)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "jsonl.gz", "parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    small, big = _big(tmp_path, kind, 300), _big(tmp_path, kind, 50_000)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(small), str(big)],
        capture_output=True,
        text=True,
        check=True,
    )
    examples, seen, grown = json.loads(done.stdout)
    assert (examples, seen) == (64, 50_000)
    # The file holds 48 MB of text; a Parquet row group holds 5 MB and is decoded at once.
    assert grown < (30_000 if kind == "parquet" else 10_000), f"{grown} kB"


def test_reading_needs_no_heavy_library() -> None:
    code = (
        "import sys, lwtui.workflow.preview;"
        "print([m for m in ('torch', 'pandas', 'pyarrow', 'transformers', 'charset_normalizer')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
