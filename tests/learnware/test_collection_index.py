"""The collection's index: lost, damaged, stale, shared or large, the folders are the truth."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware import index
from lwtui.learnware.collection import Collection

from .builders import ids, learnware, manifest_text, weights, write_manifest_text


def age(path: Path) -> None:
    """Make a file old enough for its time stamp to be trusted."""
    os.utime(path, (1_600_000_000, 1_600_000_000))


def test_hand_edits_are_noticed(home: Path, starter: Path) -> None:
    path = write_manifest_text(home, "local/a", manifest_text("local/a", "before"))
    age(path)
    with Collection.open(home, starter) as collection:
        path.write_text(manifest_text("local/a", "behind"))  # the same length
        assert collection.get("local/a").semantic.title == "behind"
        write_manifest_text(home, "local/b", manifest_text("local/b"))
        assert collection.get("local/b").id == "local/b"
        shutil.rmtree(path.parent)
        assert collection.refresh()
        assert ids(collection) == ["local/b"]
    path = write_manifest_text(home, "local/c", manifest_text("local/c"))
    with Collection.open(home, starter) as collection:
        assert ids(collection) == ["local/b", "local/c"]


def test_an_edit_within_the_clocks_grain_is_noticed(home: Path, starter: Path) -> None:
    path = write_manifest_text(home, "local/a", manifest_text("local/a", "before"))
    status = path.stat()
    with Collection.open(home, starter) as collection:
        path.write_text(manifest_text("local/a", "behind"))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        collection.refresh()
        assert collection.list()[0].semantic.title == "behind"


def test_broken_manifests_are_problems_not_crashes(home: Path, starter: Path) -> None:
    write_manifest_text(home, "local/good", manifest_text("local/good"))
    write_manifest_text(home, "local/broken", "schema = 1\nid = ")
    write_manifest_text(home, "local/renamed", manifest_text("local/other"))
    (home / "specs" / "local" / "empty").mkdir()
    (home / "specs" / "a file").write_text("x")
    (home / "specs" / ".hidden" / "x").mkdir(parents=True)
    with Collection.open(home, starter) as collection:
        assert ids(collection) == ["local/good"]
        problems = collection.problems
        assert len(problems) == 3
        assert any("broken" in problem and "TOML" in problem for problem in problems)
        assert any("'local/other'" in problem for problem in problems)
        with pytest.raises(BadInput, match="cannot be used"):
            collection.get("local/broken")


def prepared(home: Path, starter: Path, count: int = 40) -> Path:
    for number in range(count):
        age(write_manifest_text(home, f"local/m{number:02}", manifest_text(f"local/m{number:02}")))
    Collection.open(home, starter).close()
    return home / index.FILE_NAME


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE learnware")
        connection.execute("CREATE TABLE learnware (something TEXT)")
        connection.execute("CREATE TABLE another (thing TEXT)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    generator = random.Random(3)
    for start in range(4096, len(content), 512):
        content[start : start + 64] = generator.randbytes(64)
    path.write_bytes(content)


def no_records(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE learnware SET record = '{"id": 3}'""")
    connection.close()


def no_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE learnware")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        truncate,
        newer,
        scribble,
        no_records,
        no_table,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no database at all " * 1000),
    ],
    ids=["missing", "cut", "newer", "scribbled", "records", "no table", "empty", "other"],
)
def test_the_index_is_filled_again(home: Path, starter: Path, damage) -> None:  # type: ignore[no-untyped-def]
    path = prepared(home, starter)
    damage(path)
    with Collection.open(home, starter) as collection:
        assert len(collection.list()) == 40
        assert collection.count("m07") == 1
        assert collection.get("local/m07").semantic.title == "A title"
        collection.add(learnware("local/new"), {})
        assert collection.count() == 41
    with sqlite3.connect(path) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        assert version == len(index.MIGRATIONS)
    connection.close()


def test_an_index_damaged_while_open_is_filled_again(home: Path, starter: Path) -> None:
    path = prepared(home, starter)
    with Collection.open(home, starter) as collection:
        no_table(path)
        assert len(collection.list()) == 40
        collection.rebuild()
        assert len(collection.list()) == 40


def test_without_a_place_for_the_index(tmp_path: Path, starter: Path) -> None:
    write_manifest_text(starter, "starter/a", manifest_text("starter/a"))
    blocked = tmp_path / "a file"
    blocked.write_text("x")
    with Collection.open(blocked / "home", starter) as collection:
        assert ids(collection) == ["starter/a"]
        with pytest.raises(LwtuiError, match="cannot be changed"):
            collection.add(learnware(), {})


def test_two_open_collections_see_each_other(home: Path, starter: Path, tmp_path: Path) -> None:
    with Collection.open(home, starter) as one, Collection.open(home, starter) as two:
        one.add(learnware("local/a"), weights(tmp_path))
        assert ids(two) == ["local/a"]
        two.remove("local/a")
        assert ids(one) == []
        with pytest.raises(BadInput):
            one.get("local/a")


def test_threads_may_share_a_collection(collection: Collection, tmp_path: Path) -> None:
    source = weights(tmp_path)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(4):
                collection.add(learnware(f"local/t{number}-{step}"), source)
                collection.list("t")
            collection.remove(f"local/t{number}-0")
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert collection.count() == 12
    assert not collection.problems


def test_ten_thousand_are_listed(home: Path, starter: Path) -> None:
    for number in range(10_000):
        name = f"owner{number % 50:02}/m{number:05}"
        write_manifest_text(home, name, manifest_text(name, f"number {number}"))
    with Collection.open(home, starter) as collection:
        found = collection.list()
        assert len(found) == 10_000
        assert [each.id for each in found] == sorted(each.id for each in found)
        assert [each.id for each in collection.list("number 4321")] == ["owner21/m04321"]
        page = collection.list(limit=50, offset=9_990)
        assert [each.id for each in page] == [each.id for each in found[9_990:]]
