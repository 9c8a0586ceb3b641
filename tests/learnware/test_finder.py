"""What a list finds: exact words, near misses and their order; filters; sorting by any column."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwtui.learnware import fuzzy, index
from lwtui.learnware.collection import Collection
from lwtui.learnware.known import Known
from lwtui.learnware.manifest import write_manifest
from lwtui.learnware.model import (
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Semantic,
    SpecificationEntry,
)
from lwtui.learnware.query import SORTED_BY, Query

from .builders import manifest_text, write_manifest_text

MB = 1_000_000


def made(
    name: str, size: int = 0, origin: str = "", kind: str = "adapter", added: str = "", **words: str
) -> Learnware:
    suffix = "gguf" if kind == "base" else "peft"
    files = (ModelFile("a", suffix, size), ModelFile("b", "gguf-lora", 2 * size))  # type: ignore[arg-type]
    entry = SpecificationEntry("pave", "gradient", "space", "pave", origin=origin)
    return Learnware(
        name,
        ModelInfo(kind, "" if kind == "base" else "lab/base", files=files[: 1 + (kind != "base")]),  # type: ignore[arg-type]
        Semantic(**words),  # type: ignore[arg-type]
        Provenance(added=added),
        (entry,) if origin else (),
    )


EVERY = (
    made("lab/base", 400 * MB, kind="base", licence="mit", added="2026-03"),
    made("bank/intent-finance", 3 * MB, "training data", domain="finance", task="intent",
         licence="apache-2.0", added="2026-02"),
    made("doc/drug-names", 9 * MB, "own answers", domain="Medicine", task="names",
         licence="mit", title="Finance of drugs", added="2026-01"),
    made("doc/finance", 1 * MB, domain="finance", task="Answers", description="a bank's"),
)  # fmt: skip


@pytest.fixture
def filled(collection: Collection) -> Collection:
    for each in EVERY:
        # The files are only said to be there: their sizes are what is looked at.
        manifest = collection.home / "specs" / each.id
        manifest.mkdir(parents=True)
        write_manifest(manifest, each)
    collection.refresh()
    return collection


def found(collection: Collection, **query: object) -> list[str]:
    rows, total = collection.select(Query(**query))  # type: ignore[arg-type]
    assert total == len(rows)
    return [each.id for each in rows]


def test_the_best_come_first_and_near_misses_last(filled: Collection) -> None:
    assert found(filled, text="finance") == ["doc/finance", "bank/intent-finance", "doc/drug-names"]
    assert found(filled, text="fin bank") == ["bank/intent-finance", "doc/finance"]
    assert found(filled, text="finance", sort="name")[0] == "bank/intent-finance"
    for slipped in ("fiannce", "finanec", "finanse", "fiinance", "finnce", "FINNACE"):
        assert found(filled, text=slipped) == []
        assert set(found(filled, text=slipped, near=True)) >= {"doc/finance", "bank/intent-finance"}
    assert found(filled, text="drgnm", near=True) == ["doc/drug-names"]
    assert found(filled, text="names doc fiannce", near=True) == ["doc/drug-names"]
    assert found(filled, text="zebra", near=True) == []
    assert found(filled, text="f[.*", near=True) == []
    # Letter by letter, forwards and back, it is what it is at once.
    for text in ("d", "do", "doc", "doc f", "doc fi", "doc", "d", "", "e"):
        with Collection.open(filled.home, filled.starter) as fresh:
            assert found(filled, text=text) == found(fresh, text=text)


def test_filters_compose_and_say_what_they_hide(filled: Collection) -> None:
    assert found(filled, domain="medicine") == ["doc/drug-names"]
    assert found(filled, format="gguf", licence="MIT") == ["doc/drug-names", "lab/base"]
    assert found(filled, format="peft", max_size=10 * MB) == ["bank/intent-finance", "doc/finance"]
    assert found(filled, specified=True) == ["bank/intent-finance", "doc/drug-names"]
    # An adapter needs its base too.
    assert found(filled, most_weights=402 * MB) == ["doc/finance", "lab/base"]
    assert found(filled, most_weights=399 * MB) == []
    query = Query("names", domain="finance", specified=True)
    assert filled.select(query)[1] == 0
    hidden = {name: filled.how_many(wider) for name, wider in query.filters().items()}
    assert hidden == {"domain": 1, "specified": 0}


def test_every_column_sorts_both_ways_and_what_has_no_value_comes_last(filled: Collection) -> None:
    assert found(filled, sort="size", descending=True) == [
        "lab/base", "doc/drug-names", "bank/intent-finance", "doc/finance",
    ]  # fmt: skip
    assert found(filled, sort="grade", descending=True)[:2] == [
        "bank/intent-finance", "doc/drug-names",
    ]  # fmt: skip
    for column in SORTED_BY:
        for descending in (False, True):
            rows = found(filled, sort=column, descending=descending)
            assert sorted(rows) == sorted(each.id for each in EVERY)
    for descending in (False, True):
        assert found(filled, sort="task", descending=descending)[-1] == "lab/base"
        assert found(filled, sort="added", descending=descending)[-1] == "doc/finance"


def test_what_changes_is_seen_and_pages_follow_each_other(filled: Collection) -> None:
    rows, total = filled.select(Query(sort="size"), limit=2, offset=1)
    assert ([each.id for each in rows], total) == (["bank/intent-finance", "doc/drug-names"], 4)
    filled.remove("doc/finance")
    assert found(filled, text="finance") == ["bank/intent-finance", "doc/drug-names"]
    Known(filled.home).put(made("doc/finance", domain="finance"), {}, "hub")
    assert found(filled, text="finance", within="all") == found(filled, text="finance")
    filled.refresh()
    assert found(filled, text="finance", within="known") == ["doc/finance"]
    filled.prepare_search(Query())
    assert found(filled, text="bank") == ["bank/intent-finance"]


def test_an_older_index_is_filled_again_and_one_may_open_without_a_look(
    home: Path, starter: Path
) -> None:
    write_manifest_text(home, "local/a", manifest_text("local/a"))
    with sqlite3.connect(home / index.FILE_NAME) as connection:
        for script in index.MIGRATIONS[:2]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with Collection.open(home, starter, look=False) as collection:
        assert found(collection) == ["local/a"]  # there was nothing to show
    write_manifest_text(home, "local/b", manifest_text("local/b"))
    with Collection.open(home, starter, look=False) as collection:
        assert found(collection) == ["local/a"]
        assert collection.refresh()
        assert found(collection) == ["local/a", "local/b"]


LETTERS = st.text("abc-/ .*[\\é", max_size=12)


@given(st.lists(LETTERS, max_size=12), LETTERS)
@settings(deadline=None, max_examples=150)
def test_any_text_is_found_by_itself_and_nothing_twice(names: list[str], text: str) -> None:
    texts = [f"{name}\nrest" for name in names]
    ends = [len(name) for name in names]
    words = text.casefold().split()
    there = fuzzy.exact(texts, words, range(len(texts)))
    assert there == [i for i, each in enumerate(texts) if all(word in each for word in words)]
    assert sorted(fuzzy.best_first(texts, ends, words, there)) == there
    close = fuzzy.near(texts, ends, words, there)
    assert len(set(close)) == len(close)
    assert not set(close) & set(there)
    for name in names:
        places = fuzzy.highlights(words, name)
        assert places == sorted(set(places))
        assert all(0 <= place < len(name) for place in places)


@given(st.text("abcdef", min_size=4, max_size=9), st.integers(0, 8), st.integers(0, 3))
def test_one_slip_of_any_kind_is_forgiven(word: str, at: int, kind: int) -> None:
    at = min(at, len(word) - 2)
    slipped = (
        word[:at] + word[at + 1 :],
        word[:at] + "z" + word[at:],
        word[:at] + "z" + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )[kind]
    assert fuzzy.slip(slipped, f"{word}tail")
    texts = [f"x/y\n{word}tail other"]
    if slipped not in texts[0] and len(slipped) > 3:
        assert fuzzy.near(texts, [3], [slipped], []) == [0]


def test_a_hostile_name_does_not_hold_up_the_search() -> None:
    texts = ["a" * 190 + "\n" + "a" * 20_000] * 200
    started = time.thread_time()
    fuzzy.near(texts, [190] * len(texts), ["aaaaaaaaaaab", "abababab"], [])
    assert time.thread_time() - started < 5
