"""Every kind of trouble in a user's folder: a message with file and line, and the rest is used."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from lwtui.dataset import open_dataset
from lwtui.errors import BadInput

GOOD = b'{"question": "Q", "answer": "A"}\n'
MANY = b"".join(b'{"question": "Q%d", "answer": "A"}\n' % n for n in range(5000))

# name of the case -> (file, its bytes, rows that are used, what is printed)
CASES: dict[str, tuple[str, bytes, int, list[str]]] = {
    "a broken JSON line": (
        "bad.jsonl",
        GOOD * 2 + b'{"question": "Q", "ans\n' + GOOD,
        3,
        ["bad.jsonl:3: is not JSON: Unterminated string starting at column 19; "
         "the line was skipped"],
    ),
    "a line that is no object": (
        "bad.jsonl",
        GOOD + b"17\nnull\n" + GOOD,
        2,
        ["bad.jsonl:2: holds no object; the line was skipped",
         "bad.jsonl:3: holds no object; the line was skipped"],
    ),
    "a line nested too deeply": (
        "bad.jsonl",
        GOOD + b"[" * 200_000 + b"\n" + GOOD,
        2,
        ["bad.jsonl:2: is not JSON: nested too deeply; the line was skipped"],
    ),
    "a line of another encoding": (
        "bad.jsonl",
        '{"question": "é è à ü ö", "answer": "A"}\n'.encode() + b'{"question": "\xe9"}\n',
        1,
        ["bad.jsonl:2: byte 0xe9 is not utf-8; the line was skipped"],
    ),
    "a NUL character": (
        "bad.jsonl",
        GOOD + b'{"question": "Q\0"}\n' + GOOD,
        2,
        ["bad.jsonl:2: has a NUL character; the line was skipped"],
    ),
    "a line of 17 MB": (
        "bad.jsonl",
        GOOD + b'{"question": "' + b"x" * (17 << 20) + b'"}\n' + GOOD,
        2,
        ["bad.jsonl:2: is longer than 16 MB; the line was skipped"],
    ),
    "an empty prompt": (
        "bad.jsonl",
        GOOD + b'{"question": " ", "answer": "A"}\n{"answer": "A"}\n',
        1,
        ["bad.jsonl:2: 'question' is empty; the row was skipped",
         "bad.jsonl:3: has no 'question'; the row was skipped"],
    ),
    "answers missing in some rows": (
        "bad.jsonl",
        GOOD + b'{"question": "Q"}\n{"question": "Q", "answer": null}\n',
        3,
        ["bad.jsonl:2: from here on 2 rows have no 'answer'; used without an answer"],
    ),
    "a nested value": (
        "bad.jsonl",
        GOOD + b'{"question": {"a": [1, {"b": 2}]}, "answer": ["x", "y"]}\n',
        2,
        [],
    ),
    "half a surrogate": ("bad.jsonl", GOOD + b'{"question": "\\ud83d hi"}\n', 2,
        ["bad.jsonl:2: from here on 1 row has no 'answer'; used without an answer"]),
    "ragged CSV": (
        "bad.csv",
        b"question,answer\nQ,A\nQ\nQ,A,B\nQ,A\n",
        2,
        ["bad.csv:3: has 1 value, the header names 2 columns; the row was skipped",
         "bad.csv:4: has 3 values, the header names 2 columns; the row was skipped"],
    ),
    "a quotation mark never closed": (
        "bad.csv",
        b'question,answer\nQ,A\n"Q,A\nQ,A\nQ,A\n',
        3,
        ["bad.csv:3: a quotation mark is never closed; the row was skipped"],
    ),
    "a quotation mark never closed, far from the end": (
        "bad.csv",
        b'question,answer\nQ,A\n"Q,A\n' + b"Q,A\n" * 9000,
        9001,
        ["bad.csv:3: a quotation mark is never closed; the row was skipped"],
    ),
    "a quotation mark inside quotes": (
        "bad.csv",
        b'question,answer\nQ,A\n"a "b" c",A\nQ,A\n',
        2,
        ["bad.csv:3: a quotation mark inside a quoted value is not doubled; the row was skipped"],
    ),
    "a NUL in CSV": (
        "bad.csv",
        b"question,answer\nQ,A\nQ\0,A\nQ,A\n",
        2,
        ["bad.csv:3: has a NUL character; the line was skipped"],
    ),
    "two columns of one name": (
        "bad.csv",
        b"question,answer,answer\nQ,A,B\n",
        1,
        ["bad.csv:1: two columns are named 'answer'; one is now 'answer.2'"],
    ),
    "a broken element of a JSON list": (
        "bad.json",
        b'[{"question": "Q", "answer": "A"},\n {"question": oops, "answer": "A"},\n'
        b' {"question": "Q", "answer": "A"}]',
        2,
        ["bad.json:2: is not JSON: Expecting value; the row was skipped"],
    ),
    "a JSON list cut short": (
        "bad.json",
        b'[{"question": "Q", "answer": "A"},\n {"question": "Q", "ans',
        1,
        ["bad.json:2: is not JSON: Unterminated string starting; "
         "the rest of the file was skipped"],
    ),
    "a JSON list without its end": (
        "bad.json",
        b'[{"question": "Q", "answer": "A"},\n',
        1,
        ["bad.json:2: ends before its list does"],
    ),
    "bad bytes in a JSON list": (
        "bad.json",
        b'[\n{"question": "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"},\n{"question": "a\xffb"}]',
        2,
        ["bad.json:3: has bytes that are not utf-8; replaced"],
    ),
    "gzip cut short": (
        "bad.jsonl.gz",
        gzip.compress(MANY, mtime=0)[:-2000],
        -1,
        ["could not be read: the compressed file ends too early; the rest of the file was skipped"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_rest_is_used(write: Any, case: str) -> None:
    name, content, used, printed = CASES[case]
    path = write(f"data/{name}", content)
    write("data/good.jsonl", GOOD)

    sample = open_dataset(path.parent).sample(10_000)

    told = [str(problem) for problem in sample.problems]
    if used < 0:  # how far a damaged archive can be read is not for a test to say
        assert 1 < sample.rows_seen < 5001
        assert len(told) == 1
        assert told[0].startswith("bad.jsonl.gz:")
        assert told[0].endswith(printed[0])
    else:
        assert told == printed
        assert sample.rows_seen == used + 1
    notes = ("two columns", "used without", "replaced", "ends before")
    assert sample.skipped == sum(not any(note in line for note in notes) for line in told)


WHOLE_FILES: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("bad.jsonl", b"", "is empty; the file was skipped"),
    "blank lines": ("bad.csv", b"\n \n\n", "is empty; the file was skipped"),
    "an empty text": ("bad.json", b" ", "is empty; the file was skipped"),
    "an empty list": ("bad.json", b"[]", "holds no rows; the file was skipped"),
    "a header alone": ("bad.csv", b"question,answer\n", "holds no rows; the file was skipped"),
    "an object without rows": ("bad.json", b'{"a": 1}', "holds no rows; the file was skipped"),
    "a broken object": (
        "bad.json",
        b'{"data": [\n{"question": }]}',
        "is not JSON: Expecting value at column 14; the file was skipped",
    ),
    "binary junk": (
        "bad.csv",
        bytes(range(256)) * 40,
        "is binary, not text; the file was skipped",
    ),
    "no prompt among the columns": (
        "bad.csv",
        b"colour,size\nred,1\n",
        "has no column that looks like a prompt; it has 'colour', 'size'; name one with "
        "--fields prompt=COLUMN,answer=COLUMN; the file was skipped",
    ),
    "no Parquet": (
        "bad.parquet",
        b"PAR1 and then nothing",
        "is not readable as Parquet: Parquet magic bytes not found in footer. Either the file is "
        "corrupted or this is not a parquet file.; the rest was skipped",
    ),
    "an empty Arrow file": ("bad.arrow", b"", "is empty; the file was skipped"),
    "gzip that is none": (
        "bad.csv.gz",
        b"\x1f\x8b" + b"nothing" * 9,
        "could not be read: Unknown compression method; the file was skipped",
    ),
    "a pickle": (
        "bad.pkl",
        b"x",
        "may run code when it is opened, so it is not read; save the rows as JSON lines or Parquet",
    ),
    "a torch file": (
        "bad.pt",
        b"x",
        "may run code when it is opened, so it is not read; save the rows as JSON lines or Parquet",
    ),
    "a spreadsheet": ("bad.xlsx", b"x", "is a spreadsheet; save it as CSV"),
    "an archive": ("bad.tar.gz", b"x", "is an archive; unzip it first"),
    "a model": ("bad.gguf", b"x", "holds a model's weights, not data"),
    "a document": ("bad.pdf", b"x", "is a document; save it as text"),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_file_that_cannot_be_used(write: Any, case: str) -> None:
    name, content, printed = WHOLE_FILES[case]
    path = write(f"data/{name}", content)
    write("data/good.jsonl", GOOD)
    dataset = open_dataset(path.parent)
    told = [str(problem).replace("bad.json:2:", "bad.json:") for problem in dataset.problems]
    assert told == [f"{name}: {printed}"]

    sample = dataset.sample(5)

    assert list(sample.problems) == dataset.problems
    assert (sample.rows_seen, sample.skipped) == (1, 1)
    with pytest.raises(BadInput) as caught:
        open_dataset(path)
    assert printed in str(caught.value)
