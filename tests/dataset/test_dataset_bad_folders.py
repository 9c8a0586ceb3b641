"""Trouble around the files: links, pipes, rights, archives, damage, and nothing to use at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lwtui.dataset import open_dataset
from lwtui.errors import BadInput

GOOD = b'{"question": "Q", "answer": "A"}\n'


def test_zip(tmp_path: Path, write: Any) -> None:
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("rows.jsonl", GOOD)
    with pytest.raises(BadInput, match=r"rows\.zip: is an archive; unzip it first"):
        open_dataset(tmp_path)


def test_a_damaged_parquet_file(tmp_path: Path, write: Any) -> None:
    write("good.jsonl", GOOD)
    table = pa.table({"question": [f"a longer question, number {n * n}" for n in range(5000)]})
    pq.write_table(table, tmp_path / "rows.parquet", compression="zstd")
    content = bytearray((tmp_path / "rows.parquet").read_bytes())
    content[100:4000] = b"\0" * 3900
    (tmp_path / "rows.parquet").write_bytes(content)
    sample = open_dataset(tmp_path).sample(3)
    assert sample.rows_seen == 1
    assert [(p.file, p.line) for p in sample.problems] == [("rows.parquet", None)]


def test_bad_letters_in_parquet(tmp_path: Path) -> None:
    binary = pa.array([b"fine", b"\xff\xfe", b"also fine"], pa.binary())
    table = pa.table({"question": binary.view(pa.string())})
    pq.write_table(table, tmp_path / "rows.parquet")
    sample = open_dataset(tmp_path).sample(3)
    assert {e.prompt for e in sample.examples} == {"fine", "also fine"}
    assert [str(p) for p in sample.problems] == [
        "rows.parquet:2: 'question' is empty; the row was skipped"
    ]


def test_two_parquet_columns_of_one_name(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["Q"]), pa.array(["A"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "rows.parquet")
    dataset = open_dataset(tmp_path)
    assert dataset.preview()[0].prompt == "Q"
    assert [str(problem) for problem in dataset.problems] == [
        "rows.parquet: two columns are named 'text'; one is now 'text.2'"
    ]


def test_links(tmp_path: Path, write: Any) -> None:
    write("d/a/good.jsonl", GOOD)
    (tmp_path / "d/a/loop").symlink_to(tmp_path / "d")
    (tmp_path / "d/nowhere.jsonl").symlink_to(tmp_path / "gone")
    (tmp_path / "d/twice.jsonl").symlink_to(tmp_path / "d/a/good.jsonl")
    (tmp_path / "d/myself").symlink_to(tmp_path / "d/myself")
    dataset = open_dataset(tmp_path / "d")
    assert [str(problem) for problem in dataset.problems] == [
        "a/loop: links back to '.', already read",
        "myself: is a link that leads nowhere; it was skipped",
        "nowhere.jsonl: is a link that leads nowhere; it was skipped",
        "twice.jsonl: is the same file as another one here; read once",
    ]
    assert dataset.sample(9).rows_seen == 1


def test_a_pipe(tmp_path: Path, write: Any) -> None:
    write("d/good.jsonl", GOOD)
    os.mkfifo(tmp_path / "d/pipe.jsonl")
    printed = "pipe.jsonl: is no regular file (a pipe, socket or device); it was skipped"
    assert [str(problem) for problem in open_dataset(tmp_path / "d").problems] == [printed]
    with pytest.raises(BadInput, match="is no regular file"):
        open_dataset(tmp_path / "d/pipe.jsonl")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to read")
def test_an_error_of_the_disk(tmp_path: Path, write: Any) -> None:
    write("good.jsonl", GOOD)
    (tmp_path / "bad.jsonl").symlink_to("/proc/self/mem")
    assert [str(problem) for problem in open_dataset(tmp_path).problems] == [
        "bad.jsonl: could not be read: Input/output error; the file was skipped"
    ]


_AS_NOBODY = """
import os, sys
from lwtui.dataset import open_dataset
from pathlib import Path
import lwtui.dataset.dataset, lwtui.dataset.reader.json_reader, json
folder = os.open(sys.argv[1], os.O_RDONLY)
os.fchdir(folder)
if os.geteuid() == 0:
    os.setegid(65534), os.seteuid(65534)
sample = open_dataset(Path(".")).sample(5)
print(json.dumps([[str(p) for p in sample.problems], sample.rows_seen, sample.skipped]))
"""


def test_what_may_not_be_read(tmp_path: Path, write: Any) -> None:
    write("d/good.jsonl", GOOD)
    write("d/secret.jsonl", GOOD).chmod(0)
    write("d/closed/rows.jsonl", GOOD).parent.chmod(0)
    (tmp_path / "d").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(tmp_path / "d")],
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "d/closed").chmod(0o755)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [
        [
            "closed: folder cannot be read: Permission denied; it was skipped",
            "secret.jsonl: may not be read (permission denied); the file was skipped",
        ],
        1,
        2,
    ]


def test_names_that_are_no_text(tmp_path: Path, write: Any) -> None:
    write("d/good.jsonl", GOOD)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/d/\xff\x1b[31m.jsonl")).write_bytes(b"")
    problems = open_dataset(tmp_path / "d").problems
    assert [str(problem) for problem in problems] == [
        "\ufffd\ufffd[31m.jsonl: is empty; the file was skipped"
    ]


def test_one_broken_line_in_many(write: Any) -> None:
    path = write("rows.jsonl", GOOD * 60_000 + b"{oops\n" + GOOD * 40_000)
    sample = open_dataset(path).sample(5)
    assert (sample.rows_seen, sample.skipped) == (100_000, 1)
    assert [(p.file, p.line) for p in sample.problems] == [("rows.jsonl", 60_001)]


def test_endless_problems_are_counted_but_not_kept(write: Any) -> None:
    sample = open_dataset(write("rows.jsonl", GOOD + b"{\n" * 5000)).sample(5)
    assert sample.skipped == 5000
    assert len(sample.problems) == 1001
    assert str(sample.problems[-1]) == ".: and 4,000 more problems like these"


def test_an_object_too_large(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lwtui.dataset.reader.json_reader.MAX_OBJECT_BYTES", 1 << 20)
    content = json.dumps({"question": ["why?"] * 200_000}).encode()
    with pytest.raises(BadInput, match=r"convert it to JSON lines \(\.jsonl\)"):
        open_dataset(write("rows.json", content))


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        open_dataset(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: nothing here can be used: the folder is empty. Expected JSON lines, JSON, "
        "CSV, TSV, Parquet, text, Markdown, or a folder saved by `datasets`, with a column such as "
        "prompt, question, text or messages."
    )


def test_a_folder_with_a_readme_alone(write: Any) -> None:
    folder = write("d/README.md", "# Hello").parent
    with pytest.raises(BadInput, match=r"it holds only 'README\.md'\. Expected JSON lines"):
        open_dataset(folder)


def test_nothing_but_pictures(write: Any) -> None:
    folder = write("d/a.png", b"x").parent
    with pytest.raises(BadInput, match=r"left out, not a format lwtui reads: \.png ×1"):
        open_dataset(folder)


def test_no_such_path(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file or folder"):
        open_dataset(tmp_path / "gone")


def test_a_file_of_no_known_kind(write: Any) -> None:
    with pytest.raises(BadInput, match=r"it is no data file\. Expected JSON lines"):
        open_dataset(write("rows.dat", b"hello"))


def test_every_prompt_empty(write: Any) -> None:
    path = write("rows.jsonl", b'{"text": "x"}\n' + b'{"text": ""}\n')
    path.write_bytes(path.read_bytes())
    dataset = open_dataset(path)
    path.write_bytes(b'{"text": ""}\n')
    with pytest.raises(BadInput, match=r"rows\.jsonl:1: 'text' is empty"):
        dataset.sample(5)


def test_a_file_that_vanishes(write: Any) -> None:
    write("d/good.jsonl", GOOD)
    path = write("d/gone.jsonl", GOOD)
    dataset = open_dataset(path.parent)
    path.unlink()
    assert [str(p) for p in dataset.sample(5).problems] == [
        "gone.jsonl: is gone; the file was skipped"
    ]
