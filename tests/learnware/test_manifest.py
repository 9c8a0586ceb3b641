"""learnware.toml: what survives a rewrite, and what a mistake in it says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware import manifest
from lwtui.learnware.manifest import parse_manifest, read_manifest, write_manifest
from lwtui.learnware.manifest_writer import render_manifest
from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Score,
    Semantic,
    SpecificationEntry,
)

HAND_WRITTEN = """\
# My own notes stay here.
schema = 1          # the layout
id = "local/one"
colour = "green"    # lwtui does not know this

[model]
kind = "adapter"
base = "local/base" # the small one
quantised_by = "me"

# first file
[[model.files]]
path = "adapter_model.safetensors" # the weights
format = "peft"
origin = "epoch 3"

[semantic]
title = "Old title" # shown in the list
languages = [
    "en", # English
]

[[score]]
task = "banking" # held out
metric = "accuracy"
value = 0.5

[my.own.table]
since = 2024-05-01
"""


def full() -> Learnware:
    return Learnware(
        "local/one",
        ModelInfo(
            "adapter",
            base="local/base",
            base_revision="abc",
            architecture="llama",
            parameters=12,
            context_length=128,
            chat_template="tokenizer",
            files=(ModelFile("adapter_model.safetensors", "peft", 3, "a" * 64),),
        ),
        Semantic(
            "Title",
            'Quotes " and \\ and\nlines',
            "finance",
            "intent",
            ("en", "日本語"),
            "mit",
            ("a", "b"),
            (DataSource("set", "cc-by-4.0", "https://example.org", 7),),
        ),
        Provenance("folder", "/somewhere", "r1", "2024-01-01T00:00:00+00:00", "me"),
        (SpecificationEntry("pave", "gradient", "starter", "p.safetensors", "b" * 64, 60),),
        (Score("banking", "answer loss", 1.5, 2.0, 64), Score("other", "accuracy", 0.0)),
    )


def test_everything_reads_back(tmp_path: Path) -> None:
    write_manifest(tmp_path, full())
    assert read_manifest(tmp_path) == dataclasses.replace(full(), specs_folder=tmp_path)


def test_rewrite_keeps_comments_order_and_unknown_keys(tmp_path: Path) -> None:
    path = tmp_path / "learnware.toml"
    path.write_text(HAND_WRITTEN, encoding="utf-8")
    before = read_manifest(tmp_path)
    assert before.extra == {"colour": "green", "my": {"own": {"table": {"since": "2024-05-01"}}}}
    semantic = dataclasses.replace(before.semantic, title="New title", domain="finance")
    files = (*before.model.files, ModelFile("tokenizer.json", "tokenizer", 5))
    model = dataclasses.replace(before.model, files=files)
    scores = (Score("new", "accuracy", 0.25), dataclasses.replace(before.scores[0], value=0.75))
    after = dataclasses.replace(before, semantic=semantic, model=model, scores=scores)
    write_manifest(tmp_path, after)

    text = path.read_text(encoding="utf-8")
    for kept in [
        "# My own notes stay here.",
        "schema = 1          # the layout",
        'colour = "green"    # lwtui does not know this',
        'base = "local/base" # the small one',
        'quantised_by = "me"',
        'path = "adapter_model.safetensors" # the weights',
        'origin = "epoch 3"',
        '"en", # English',
        "# shown in the list",
        'task = "banking" # held out',
        "since = 2024-05-01",
    ]:
        assert kept in text
    assert read_manifest(tmp_path) == after


def test_rewriting_without_a_change_leaves_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "learnware.toml"
    path.write_text(HAND_WRITTEN, encoding="utf-8")
    write_manifest(tmp_path, read_manifest(tmp_path))
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN


@pytest.mark.parametrize(
    ("change", "line", "field", "message"),
    [
        (('kind = "adapter"', 'kind = "plugin"'), 7, "model.kind", "'plugin' is not one of"),
        (('base = "local/base" # the small one\n', ""), 6, "model.base", "must name its base"),
        (('id = "local/one"', 'id = "one"'), 3, "id", "is not a learnware id"),
        (("schema = 1 ", "schema = 99 "), 2, "schema", "newer than this lwtui"),
        (("schema = 1 ", "#schema = 1 "), None, "schema", "needs a schema number"),
        (("value = 0.5", "value = nan"), 26, "score[0].value", "finite number"),
        (("value = 0.5", "value = true"), 26, "score[0].value", "Must be a number"),
        (("value = 0.5", ""), 23, "score[0].value", "missing"),
        (('title = "Old title"', "title = 3"), 18, "semantic.title", "text in quotes"),
        (('"adapter_model.safetensors"', '"../../etc/passwd"'), 13, "model.files[0].path", "plain"),
        (('"adapter_model.safetensors"', '"/etc/passwd"'), 13, "model.files[0].path", "plain"),
        (('"adapter_model.safetensors"', '"C:\\\\x"'), 13, "model.files[0].path", "'/'"),
        (('format = "peft"', 'format = "pickle"'), 14, "model.files[0].format", "not one of"),
        (("[semantic]", "[semantic"), 17, None, "Not valid TOML"),
        (("since = 2024-05-01\n", "since = "), 29, None, "Not valid TOML"),
    ],
)
def test_a_mistake_names_line_and_field(
    tmp_path: Path, change: tuple[str, str], line: int | None, field: str | None, message: str
) -> None:
    path = tmp_path / "learnware.toml"
    text = HAND_WRITTEN.replace(*change)
    assert text != HAND_WRITTEN
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_manifest(tmp_path)
    assert caught.value.file == str(path)
    assert (caught.value.line, caught.value.field) == (line, field)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"schema = 1\nid = 3\n",
        b"schema = " + b"9" * 10_000,
        b"a = " + b"[" * 50_000,
        b"x" * (1024 * 1024 + 1),
        b"schema = 1\nid = 'a/b'\nmodel = 3\n",
        b"schema = 1\nid = 'a/b'\nmodel = {kind='base', files=[3]}\n",
        b"schema = 1\nid = 'a/b'\n[model]\nkind='base'\nparameters=" + b"9" * 400 + b"\n",
        b"schema = 1\nid = 'a/b'\n[model]\nkind='base'\nparameters=-1\n",
        b"schema = 1\nid = 'a/../b'\n[model]\nkind='base'\n",
        b"schema = 1\nid = 'a/b'\n[model]\nkind='base'\n[specification]\ntype='pave'\n",
    ],
)
def test_hostile_bytes_are_bad_input(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "learnware.toml").write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_manifest(tmp_path)
    assert caught.value.file == str(tmp_path / "learnware.toml")


toml_text = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.none()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "schema",
                    "id",
                    "model",
                    "kind",
                    "files",
                    "path",
                    "format",
                    "semantic",
                    "data",
                    "name",
                    "specification",
                    "score",
                    "value",
                    "size",
                    "tags",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["model", "semantic", "score", "id", "z"]), toml_text))
@settings(max_examples=150, deadline=None)
def test_any_shape_of_data_is_a_learnware_or_bad_input(data: dict[str, Any]) -> None:
    import tomlkit

    def writable(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: writable(v) for k, v in value.items() if v is not None}
        return [writable(v) for v in value if v is not None] if isinstance(value, list) else value

    text = tomlkit.dumps({"schema": 1, **writable(data)})
    try:
        found = parse_manifest(text)
    except BadInput:
        return
    assert parse_manifest(render_manifest(found)).id == found.id


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_learnware_or_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse_manifest("schema = 1\nid = 'a/b'\n" + text)


printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(title=printable, tags=st.lists(printable, max_size=3), value=st.floats(allow_nan=False))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_survives_writing(title: str, tags: list[str], value: float) -> None:
    semantic = Semantic(title=title, tags=tuple(tags))
    score = Score("t", "accuracy", value)
    learnware = Learnware("a/b", ModelInfo("base"), semantic, scores=(score,))
    if math.isinf(value):
        with pytest.raises(BadInput):
            render_manifest(learnware, HAND_WRITTEN)
        return
    found = parse_manifest(render_manifest(learnware, HAND_WRITTEN))
    assert (found.semantic, found.scores) == (semantic, (score,))


def test_nothing_is_written_over_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "learnware.toml"
    path.write_text("schema = 1\nthis is broken", encoding="utf-8")
    with pytest.raises(BadInput):
        write_manifest(tmp_path, full())
    assert path.read_text(encoding="utf-8") == "schema = 1\nthis is broken"
    assert [entry.name for entry in tmp_path.iterdir()] == ["learnware.toml"]


def test_an_older_schema_is_brought_up_in_reading_and_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename_title(data: MutableMapping[str, Any]) -> None:
        data["semantic"]["title"] = data["semantic"].pop("headline")

    monkeypatch.setattr(manifest, "SCHEMA", 2)
    monkeypatch.setattr(manifest, "MIGRATIONS", {1: rename_title})
    path = tmp_path / "learnware.toml"
    path.write_text(HAND_WRITTEN.replace("title =", "headline ="), encoding="utf-8")
    found = read_manifest(tmp_path)
    assert found.semantic.title == "Old title"
    write_manifest(tmp_path, found)
    text = path.read_text(encoding="utf-8")
    assert "schema = 2" in text
    assert "headline" not in text
    assert "# My own notes stay here." in text
    assert read_manifest(tmp_path) == found


def test_a_case_that_cannot_be_merged_is_refused_not_garbled(tmp_path: Path) -> None:
    # Dotted keys spread one table over the file; whatever the rewriter makes of it must read
    # back as meant, or the file stays as it is.
    text = 'schema = 1\nid = "a/b"\nmodel.kind = "base"\nsemantic.title = "x"\nz = 1\n'
    path = tmp_path / "learnware.toml"
    path.write_text(text, encoding="utf-8")
    found = read_manifest(tmp_path)
    changed = dataclasses.replace(found, semantic=Semantic(title="y", domain="d"))
    try:
        write_manifest(tmp_path, changed)
    except LwtuiError:
        assert path.read_text(encoding="utf-8") == text
    else:
        assert read_manifest(tmp_path) == changed
