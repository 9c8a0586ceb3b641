"""Hostile and random folders: whatever lies in them, only errors that a person can act on."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lwtui.dataset import Example, open_dataset
from lwtui.dataset.find import FORMATS
from lwtui.errors import LwtuiError

ENDINGS = sorted({*FORMATS, ".jsonl.gz", ".csv.gz", ".json.gz", ".bin", ".zip", ""})
COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.lists(st.text(max_size=5), max_size=4),
)  # fmt: skip
names = st.sampled_from(
    ["instruction", "input", "output", "question", "context", "answers", "answer", "text", "label",
     "choices", "A", "B", "C", "messages", "conversations", "prompt", "chosen", "system", "x"]
)  # fmt: skip
turns = st.lists(
    st.fixed_dictionaries({}, optional={"role": cells, "from": cells, "content": cells}),
    max_size=3,
)
values = st.recursive(
    st.one_of(cells, turns),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(names, inner, max_size=4),
        st.dictionaries(st.sampled_from(["data", "train", "paragraphs", "qas", "text"]), inner),
    ),
    max_leaves=12,
)
rows = st.dictionaries(names, values, max_size=6)


def read_all(files: dict[str, bytes]) -> list[Example]:
    """Open, preview, sample and iterate a folder; any error but lwtui's own fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            dataset = open_dataset(Path(folder))
            dataset.preview(5)
            sample = dataset.sample(5)
            examples = list(dataset)
        except LwtuiError:
            return []
        assert len(examples) == sample.rows_seen
        assert dataset.skipped == sample.skipped
        for made in examples:
            check(made)
        return examples


def check(made: Example) -> None:
    assert made.question.strip()
    assert made.answer is None or made.answer
    assert all(isinstance(choice, str) for choice in made.choices)
    json.dumps([made.prompt, made.input, made.answer], ensure_ascii=False).encode("utf-8")


@COMMON
@given(st.dictionaries(st.sampled_from([f"{n}{e}" for n in "ab" for e in ENDINGS]),
                       st.binary(max_size=400), min_size=1, max_size=5))  # fmt: skip
@example({"a.jsonl": b"[[]]\n"})
@example({"a.csv": b'"\n"'})
def test_random_bytes(files: dict[str, bytes]) -> None:
    read_all(files)


@COMMON
@given(st.sampled_from(ENDINGS), st.text(max_size=400), st.sampled_from(["utf-8", "utf-16"]))
def test_random_text(ending: str, text: str, encoding: str) -> None:
    read_all({"a" + ending: text.encode(encoding, "surrogatepass")})


@COMMON
@given(st.lists(rows, max_size=6))
def test_random_rows(made: list[dict[str, object]]) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in made).encode()
    packed = gzip.compress(lines)
    assert read_all({"a.jsonl": lines}) == read_all({"a.jsonl.gz": packed})
    as_list = read_all({"a.json": json.dumps(made, indent=1).encode()})
    plain = not any("paragraphs" in row for row in made)
    if plain:
        assert as_list == read_all({"a.jsonl": lines})


@COMMON
@given(values)
def test_random_documents(value: object) -> None:
    read_all(
        {"a.json": json.dumps(value).encode(), "b.jsonl": json.dumps(value, indent=1).encode()}
    )


@COMMON
@given(st.lists(st.lists(st.sampled_from(['"', ",", "\t", "\n", "\r", "a", " ", ";", "\0", "é"]),
                         max_size=12), max_size=12))  # fmt: skip
def test_random_tables(pieces: list[list[str]]) -> None:
    body = "".join("".join(piece) + "\n" for piece in pieces)
    read_all({"a.csv": f"text,label\n{body}".encode(), "b.tsv": f"text\tlabel\n{body}".encode()})


def _table() -> pa.Table:
    return pa.table(
        {
            "question": [f"why {n}?" for n in range(40)],
            "answer": [["a", None, "c"]] * 40,
            "meta": [{"n": n} for n in range(40)],
        }
    )


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(_table(), buffer)
    return buffer.getvalue()


def _arrow() -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, _table().schema) as writer:
        writer.write_table(_table())
    return buffer.getvalue()


WHOLE = {
    "a.parquet": _parquet(),
    "a.arrow": _arrow(),
    "a.jsonl.gz": gzip.compress(b'{"question": "why?", "answer": "so"}\n' * 50, mtime=0),
}


@COMMON
@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)),
                                               max_size=6), st.floats(0.2, 1))  # fmt: skip
def test_damaged_files(name: str, damage: list[tuple[float, int]], kept: float) -> None:
    content = bytearray(WHOLE[name])
    for place, byte in damage:
        content[int(place * (len(content) - 1))] = byte
    read_all({name: bytes(content[: int(kept * len(content))])})
