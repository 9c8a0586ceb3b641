"""Learnwares that are only known: kept, listed, hidden by what is here, forgotten."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from lwtui.backend.choose import choose
from lwtui.errors import BadInput
from lwtui.learnware.collection import Collection
from lwtui.learnware.known import Known, known_root, source_of
from lwtui.learnware.model import Learnware, ModelInfo, Semantic, SpecificationEntry

from .builders import weights

ENTRY = SpecificationEntry("pave", "gradient", "starter-407954b0", "pave.safetensors", rows=64)


def hub(
    identifier: str = "someone/model", title: str = "A model", kind: str = "model"
) -> Learnware:
    return Learnware(
        identifier,
        ModelInfo(kind, base="someone/base" if kind == "adapter" else ""),  # type: ignore[arg-type]
        Semantic(title=title, domain="finance"),
        specifications=(ENTRY,),
    )


FILES = {"pave.safetensors": b"vectors"}


def titles(collection: Collection, **query: str) -> list[str]:
    return [each.semantic.title for each in collection.list(**query)]  # type: ignore[arg-type]


def test_a_known_learnware_is_listed_only_where_asked_for(collection: Collection) -> None:
    assert Known(collection.home).put(hub(), FILES, "catalogue")
    collection.refresh()
    assert collection.list() == []
    (found,) = collection.list(where="all")
    assert (found.id, found.pulled, source_of(found)) == ("someone/model", False, "catalogue")
    assert found.specs_folder is not None
    assert (found.specs_folder / "pave.safetensors").read_bytes() == b"vectors"
    assert collection.count() == 0
    assert collection.count(where="known") == collection.count("model", where="all") == 1
    assert collection.facets()["domain"] == []
    assert collection.facets("all")["domain"] == ["finance"]
    assert collection.get("someone/MODEL") == found
    assert Known(collection.home).put(found, FILES, "catalogue")  # as it was read


def test_what_is_here_hides_what_is_only_known(collection: Collection, tmp_path: Path) -> None:
    Known(collection.home).put(hub(title="from afar"), FILES, "hub")
    collection.refresh()
    added = collection.add(
        dataclasses.replace(hub(title="here", kind="adapter"), specifications=()),
        weights(tmp_path),
    )
    assert added.pulled
    assert titles(collection, where="all") == ["here"]
    assert collection.list(where="known") == []
    assert collection.problems == []
    collection.remove(added.id)
    assert titles(collection, where="all") == ["from afar"]


def test_a_known_model_is_no_base_and_runs_nowhere(collection: Collection) -> None:
    Known(collection.home).put(hub(), FILES, "hub")
    collection.refresh()
    assert collection.find_base("someone/model") is None
    with pytest.raises(BadInput, match="not on this machine") as caught:
        choose(collection.get("someone/model"), None)
    assert caught.value.hint == "Pull it first: lwtui pull someone/model"
    with pytest.raises(BadInput, match="cannot be removed"):
        collection.remove("someone/model")


def test_the_source_that_knows_better_is_kept(collection: Collection) -> None:
    known = Known(collection.home)
    assert known.put(hub(title="index"), FILES, "index:team/index")
    assert not known.put(hub(title="catalogue"), FILES, "catalogue")
    assert known.put(hub(title="newer"), FILES, "index:team/index")
    assert known.put(hub(title="author"), FILES, "hub")
    assert not known.put(hub(title="index"), FILES, "index:team/index")
    collection.refresh()
    assert titles(collection, where="known") == ["author"]
    assert known.sources() == {"hub": 1}


def test_a_specification_made_here_outlives_a_refresh(collection: Collection) -> None:
    known = Known(collection.home)
    bare = dataclasses.replace(hub(), specifications=())
    own = dataclasses.replace(ENTRY, file="own.safetensors", origin="named datasets")
    known.put(bare, {}, "hub")
    known.add_specification("someone/model", b"own", own)
    known.put(bare, {}, "hub")
    collection.refresh()
    found = collection.get("someone/model")
    assert found.specifications == (own,)
    assert found.specs_folder is not None
    assert (found.specs_folder / "own.safetensors").read_bytes() == b"own"
    known.put(hub(), FILES, "hub")  # its author has published one since
    known.put(bare, {}, "hub")
    collection.refresh()
    assert collection.get("someone/model").specifications == ()
    with pytest.raises(BadInput, match="not known"):
        known.add_specification("someone/other", b"", own)


def test_a_specification_made_here_takes_the_place_of_such_a_one(collection: Collection) -> None:
    known = Known(collection.home)
    known.put(hub(), FILES, "hub")
    for number in range(2):
        entry = dataclasses.replace(ENTRY, file=f"own{number}.safetensors")
        known.add_specification("someone/model", b"own", entry)
    collection.refresh()
    found = collection.get("someone/model")
    assert [each.file for each in found.specifications] == ["own1.safetensors"]
    assert found.specs_folder is not None
    assert sorted(path.name for path in found.specs_folder.iterdir()) == [
        "learnware.toml",
        "own1.safetensors",
    ]


def test_what_is_the_same_is_not_written_again(collection: Collection) -> None:
    known = Known(collection.home)
    known.replace("catalogue", [(hub(), FILES)])
    manifest = known_root(collection.home) / "specs" / "someone" / "model" / "learnware.toml"
    before = manifest.stat().st_ino
    known.replace("catalogue", [(hub(), FILES)])
    assert manifest.stat().st_ino == before
    known.replace("catalogue", [(hub(), {"pave.safetensors": b"newer"})])
    assert manifest.stat().st_ino != before
    assert manifest.with_name("pave.safetensors").read_bytes() == b"newer"


def test_one_that_was_moved_aside_by_a_killed_process_comes_back(collection: Collection) -> None:
    known = Known(collection.home)
    known.put(hub(title="old"), FILES, "hub")
    code = (
        "import os, sys; from pathlib import Path; from lwtui.learnware import known as k\n"
        "from lwtui.learnware.model import Learnware, ModelInfo\n"
        "rename, seen = Path.rename, []\n"
        "def once(self, target):\n"
        "    if seen: os._exit(9)\n"
        "    seen.append(self); return rename(self, target)\n"
        "Path.rename = once\n"
        "k.Known(Path(sys.argv[1])).put(Learnware('someone/model', ModelInfo('model')), {}, 'hub')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(collection.home)], check=False)
    assert ended.returncode == 9
    assert known.sources() == {}
    known.drop("catalogue")  # any change looks for what was left
    collection.refresh()
    assert titles(collection, where="known") == ["old"]


def test_a_damaged_one_is_mended_by_what_comes(collection: Collection) -> None:
    known = Known(collection.home)
    known.put(hub(), FILES, "hub")
    (known_root(collection.home) / "specs" / "someone" / "model" / "pave.safetensors").unlink()
    assert known.replace("hub", [(hub(title="mended"), FILES)]) == 1
    collection.refresh()
    assert titles(collection, where="known") == ["mended"]


def test_replace_makes_a_source_hold_exactly_these(collection: Collection) -> None:
    known = Known(collection.home)
    known.put(hub("someone/other"), FILES, "hub")
    entries = [(hub(f"someone/m{n}"), FILES) for n in range(3)]
    assert known.replace("catalogue", entries) == 3
    assert known.replace("catalogue", entries[1:2]) == 1
    assert known.sources() == {"catalogue": 1, "hub": 1}
    assert known.drop("catalogue") == 1
    assert known.sources() == {"hub": 1}


@pytest.mark.parametrize(
    "files",
    [{}, {"../pave.safetensors": b""}, {**FILES, "more.txt": b""}, {"learnware.toml": b""}],
)
def test_files_that_the_manifest_does_not_name_are_refused(
    collection: Collection, files: dict[str, bytes]
) -> None:
    known = Known(collection.home)
    known.put(hub(title="old"), FILES, "hub")
    with pytest.raises(BadInput, match="someone/model"):
        known.put(hub(title="new"), files, "hub")
    collection.refresh()
    assert titles(collection, where="known") == ["old"]


@pytest.mark.parametrize("source", ["", "index", "hub:x/y", "index:../x", "elsewhere"])
def test_a_source_has_one_of_three_names(collection: Collection, source: str) -> None:
    with pytest.raises(BadInput):
        Known(collection.home).put(hub(), FILES, source)


def test_a_process_killed_while_it_puts_leaves_the_old_one(collection: Collection) -> None:
    known = Known(collection.home)
    known.put(hub(title="old"), FILES, "hub")
    code = (
        "import os, sys; from pathlib import Path; from lwtui.learnware import known as k\n"
        "from lwtui.learnware.model import Learnware, ModelInfo\n"
        "k.Known._swap = lambda *a: os._exit(9)\n"
        "k.Known(Path(sys.argv[1])).put(Learnware('someone/model', ModelInfo('model')), {}, 'hub')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(collection.home)], check=False)
    assert ended.returncode == 9
    collection.refresh()
    assert titles(collection, where="known") == ["old"]
    known.put(hub(title="new"), FILES, "hub")
    assert not list((known_root(collection.home) / "specs" / ".staging").glob("*"))
