"""The formats that a user's files come in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lwtui.dataset import Example, open_dataset

ROWS = [{"question": f"Q{n}", "answer": f"A{n}"} for n in range(4)]
EXPECTED = [Example(f"Q{n}", "", f"A{n}") for n in range(4)]
COLUMNS = {"question": [f"Q{n}" for n in range(4)], "answer": [f"A{n}" for n in range(4)]}
CSV = "question,answer\n" + "".join(f"Q{n},A{n}\n" for n in range(4))
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)

TEXTS = {
    "rows.jsonl": LINES,
    "rows.ndjson": LINES,
    "windows.jsonl": LINES.replace("\n", "\r\n"),
    "mac.csv": CSV.replace("\n", "\r"),
    "lines_that_are_a_list.jsonl": json.dumps(ROWS, indent=1),
    "list.json": json.dumps(ROWS, indent=2),
    "one_line.json": json.dumps(ROWS),
    "lines.json": LINES,
    "columns.json": json.dumps(COLUMNS),
    "data.json": json.dumps({"version": 1, "data": ROWS}),
    "splits.json": json.dumps({"train": ROWS[:3], "test": ROWS[3:]}, indent=1),
    "any_key.json": json.dumps({"about": "x", "dialogues": ROWS}),
    "several.json": json.dumps({"names": [{"id": 1}], "examples": ROWS}),
    "pandas_columns.json": json.dumps(
        {key: {str(n): cell for n, cell in enumerate(cells)} for key, cells in COLUMNS.items()}
    ),
    "pandas_index.json": json.dumps({str(n): row for n, row in enumerate(ROWS)}),
    "squad.json": json.dumps(
        {
            "data": [
                {
                    "title": "t",
                    "paragraphs": [
                        {
                            "context": "",
                            "qas": [
                                {
                                    "question": f"Q{n}",
                                    "answers": [{"text": f"A{n}", "answer_start": 0}],
                                }
                                for n in range(4)
                            ],
                        }
                    ],
                }
            ]
        }
    ),
    "rows.csv": CSV,
    "semicolons.csv": CSV.replace(",", ";"),
    "tabs.csv": CSV.replace(",", "\t"),
    "bars.csv": CSV.replace(",", "|"),
    "blank_lines.csv": CSV.replace("\n", "\n\n"),
    "rows.tsv": CSV.replace(",", "\t"),
    "no_last_newline.jsonl": LINES.rstrip("\n"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_text_formats(write: Any, name: str, packed: bool) -> None:
    content = TEXTS[name].encode()
    path = write(name + ".gz" if packed else name, gzip.compress(content) if packed else content)
    dataset = open_dataset(path)
    assert list(dataset) == EXPECTED
    assert dataset.problems == []
    assert dataset.rows_estimate() == 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.json"])
def test_encodings(write: Any, name: str, encoding: str) -> None:
    rows = [
        {"question": f"Où est le café n° {n} à Genève ?", "answer": f"À côté, {n} €"}
        for n in range(9)
    ]
    if name.endswith("csv"):
        text = "question,answer\n" + "".join(f'"{r["question"]}","{r["answer"]}"\n' for r in rows)
    elif name.endswith("jsonl"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        text = json.dumps(rows, ensure_ascii=False, indent=1)
    dataset = open_dataset(write(name, text, encoding))
    assert [(e.prompt, e.answer) for e in dataset] == [(r["question"], r["answer"]) for r in rows]
    advice = "; save it as UTF-8 if letters look wrong" if encoding == "cp1252" else ""
    wide = [f"{name}: is not UTF-8; read as {encoding}{advice}"]
    assert [str(p) for p in dataset.problems] == ([] if encoding == "utf-8-sig" else wide)


def test_cyrillic_in_its_old_code_page(write: Any) -> None:
    asked = "Как восстановить пароль от личного кабинета и что делать если телефон потерян?"
    text = "question,answer\n" + f"{asked},Обратитесь в отделение банка с паспортом\n" * 20
    dataset = open_dataset(write("rows.csv", text, "cp1251"))
    assert dataset.sample(1).examples[0].prompt == asked


def test_a_cell_with_line_ends_and_delimiters(write: Any) -> None:
    path = write("rows.csv", 'question,answer\n"one,\ntwo","say ""hi"""\nnext,a\n')
    assert list(open_dataset(path)) == [
        Example("one,\ntwo", "", 'say "hi"'),
        Example("next", "", "a"),
    ]


def test_tsv_without_quoting(write: Any) -> None:
    path = write("rows.tsv", 'text\tlabel\n"Yes" he said\ta\n5" nails\tb\n"open\ta\n')
    assert [e.prompt for e in open_dataset(path)] == ['"Yes" he said', '5" nails', '"open']


def test_parquet_by_batches(tmp_path: Path) -> None:
    features = {"label": {"names": ["cold", "warm"], "_type": "ClassLabel"}}
    schema = pa.schema(
        [("text", pa.string()), ("label", pa.int64()), ("image", pa.binary())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    columns = [[f"t{n}" for n in range(900)], [n % 2 for n in range(900)], [b"x" * 99] * 900]
    table = pa.table(columns, schema=schema)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=300)
    dataset = open_dataset(tmp_path / "rows.parquet")
    examples = list(dataset)
    assert len(examples) == dataset.rows_estimate() == 900
    assert examples[1] == Example("t1", "", "warm", ("cold", "warm"))
    assert examples[899].prompt == "t899"


def _save_like_datasets(folder: Path, rows: int, start: int = 0) -> None:
    """A folder as ``Dataset.save_to_disk`` leaves it."""
    folder.mkdir(parents=True)
    schema = pa.schema([("text", pa.string()), ("label", pa.int64())])
    numbers = range(start, start + rows)
    batch = pa.record_batch([[f"t{n}" for n in numbers], [n % 3 for n in numbers]], schema=schema)
    for name in ("data-00000-of-00001.arrow", "cache-1f.arrow"):
        with pa.ipc.new_stream(str(folder / name), schema) as writer:
            writer.write_batch(batch)
    names = {"label": {"names": ["a", "b", "c"], "_type": "ClassLabel"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": names}))
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": "train"}
    (folder / "state.json").write_text(json.dumps(state))


def test_a_folder_saved_by_datasets(tmp_path: Path) -> None:
    _save_like_datasets(tmp_path / "saved", 300)
    dataset = open_dataset(tmp_path / "saved")
    assert dataset.files == ("data-00000-of-00001.arrow",)
    assert dataset.problems == []
    assert list(dataset)[2] == Example("t2", "", "c", ("a", "b", "c"))


def test_a_dict_of_splits_saved_by_datasets(tmp_path: Path) -> None:
    _save_like_datasets(tmp_path / "saved/train", 20)
    _save_like_datasets(tmp_path / "saved/test", 5, start=20)
    (tmp_path / "saved/dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    dataset = open_dataset(tmp_path / "saved")
    assert len(dataset.files) == 2
    assert dataset.sample(100).rows_seen == 25
    assert dataset.problems == []


def test_an_arrow_file_of_its_own(tmp_path: Path) -> None:
    table = pa.table(COLUMNS)
    with pa.ipc.new_file(str(tmp_path / "rows.arrow"), table.schema) as writer:
        writer.write_table(table)
    assert list(open_dataset(tmp_path / "rows.arrow")) == EXPECTED


def test_columns_of_types_that_python_lacks(tmp_path: Path) -> None:
    stamps = pa.array([1, 2], pa.timestamp("ns"))
    pq.write_table(pa.table({"question": ["a", "b"], "when": stamps}), tmp_path / "r.parquet")
    assert [e.prompt for e in open_dataset(tmp_path / "r.parquet")] == ["a", "b"]


def test_paragraphs_of_text(write: Any) -> None:
    long = "A sentence that is long enough to stand by itself.\nIt goes on here."
    path = write("notes.txt", f"Chapter 1\n\n{long}\n\n\n{long}\n")
    assert list(open_dataset(path)) == [Example(f"Chapter 1\n\n{long}"), Example(long)]


def test_lines_of_text(write: Any) -> None:
    path = write("lines.txt", "first message\nsecond message\nthird\n")
    assert [e.prompt for e in open_dataset(path)] == ["first message", "second message", "third"]


def test_sections_of_markdown(write: Any) -> None:
    text = "# Title\n\n## One\ntext\n\nmore\n```\n# no heading\n```\n## Two\nend\n"
    examples = list(open_dataset(write("notes/a.md", text).parent))
    assert [example.prompt for example in examples] == [
        "# Title\n\n## One\ntext\n\nmore\n```\n# no heading\n```",
        "## Two\nend",
    ]


def test_a_folder_of_everything(write: Any, tmp_path: Path) -> None:
    write("d/a.jsonl", ROWS)
    write("d/sub/b.csv", CSV)
    write("d/sub/deep/c.json", json.dumps({"data": [{"text": "T", "label": 1}]}))
    pq.write_table(pa.table(COLUMNS), tmp_path / "d/z.parquet")
    write("d/README.md", "# About\n")
    write("d/LICENSE", "free")
    write("d/.git/config", "hidden")
    write("d/notes.txt", "some notes")
    write("d/plot.png", b"\x89PNG")
    write("d/plot2.png", b"\x89PNG")
    dataset = open_dataset(tmp_path / "d")
    assert dataset.files == ("a.jsonl", "sub/b.csv", "sub/deep/c.json", "z.parquet")
    assert dataset.sample(99).rows_seen == 13
    assert [str(problem) for problem in dataset.problems] == [
        ".: left out, not a format lwtui reads: .png ×2",
        "notes.txt: left out: text beside data files is taken for notes; open it alone to use it",
    ]
    assert dataset.left_out == (".git", "LICENSE", "README.md")
    assert dataset.skipped == 0
