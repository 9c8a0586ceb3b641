from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lwtui.dataset.example import Example
from lwtui.errors import BadInput
from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelFile,
    ModelInfo,
    Score,
    Semantic,
    SpecificationEntry,
)
from lwtui.match.calibration import EDGE, Calibration
from lwtui.match.confidence import Sureness
from lwtui.match.rank import Candidate, candidates, explain_nothing, passes, rank
from lwtui.match.result import Filters
from lwtui.match.verify import answered, messages_of
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification
from lwtui.spec.worker import split

SPACE = find_space("starter")


def vector(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SPACE.dimension).astype(np.float32)


def specification(vector: np.ndarray, **changes: object) -> Specification:
    facts: dict[str, object] = {"recipe": "paper", "space": SPACE.id, "rows": 1}
    return Specification(parts={"whole": vector}, **{**facts, **changes})  # type: ignore[arg-type]


def learnware(name: str, **semantic: object) -> Learnware:
    return Learnware(
        f"me/{name}",
        ModelInfo("adapter", base="starter/base", files=(ModelFile("a", "peft", size=100),)),
        Semantic(**semantic),  # type: ignore[arg-type]
    )


def test_the_most_similar_comes_first_and_equals_by_id() -> None:
    user = specification(vector(0))
    near = vector(0) + 0.3 * vector(1)
    found = [
        Candidate(learnware("far"), specification(vector(2))),
        Candidate(learnware("twin-b"), specification(near)),
        Candidate(learnware("twin-a"), specification(near)),
    ]
    matches, sure = rank(user, found)
    assert [match.learnware.name for match in matches] == ["twin-a", "twin-b", "far"]
    assert (sure.word, sure.probability) == ("close call", None)
    assert matches[0].score > 0.99
    assert matches[0].parts == {"whole": pytest.approx(matches[0].similarity)}


def twin(name: str, loss: float, data: str = "BANK") -> Learnware:
    return dataclasses.replace(
        learnware(name, data=(DataSource(data),)),
        scores=(Score("bank/intents", "answer loss", loss),),
    )


def test_near_twins_are_ordered_by_their_measured_scores() -> None:
    user = specification(vector(0))
    near, nearer = vector(0) + 0.45 * vector(1), vector(0) + 0.4 * vector(2)
    found = [
        Candidate(twin("weak", 2.0), specification(nearer)),
        Candidate(twin("good", 0.5), specification(near)),
        Candidate(twin("other", 0.1, data="ELSE"), specification(vector(3))),
    ]
    matches, sure = rank(user, found)
    assert [match.learnware.name for match in matches] == ["good", "weak", "other"]
    assert matches[0].similarity < matches[1].similarity
    assert sure.word == "clear"  # the twins lead together


def test_twins_far_apart_and_strangers_keep_their_similarity() -> None:
    user = specification(vector(0))
    found = [
        Candidate(twin("weak", 2.0), specification(vector(0))),
        Candidate(twin("good", 0.5), specification(vector(0) + 2 * vector(1))),
        Candidate(twin("stranger", 0.1, data="ELSE"), specification(vector(0) + 0.1 * vector(2))),
    ]
    matches, _ = rank(user, found)
    assert [match.learnware.name for match in matches] == ["weak", "stranger", "good"]


def test_confidence_of_one_and_of_none() -> None:
    user = specification(vector(0))
    one = [Candidate(learnware("only"), specification(vector(2)))]
    assert rank(user, one)[1].word == "clear"
    matches, sure = rank(user, [])
    assert (matches, sure.word, sure.probability) == ((), "none", None)


def test_a_clear_lead_is_told_from_a_specification_alone() -> None:
    found = [
        Candidate(learnware("own"), specification(vector(0))),
        Candidate(learnware("other"), specification(vector(2))),
    ]
    assert rank(specification(vector(0)), found)[1] == Sureness("clear")


def from_rows(rows: np.ndarray) -> Specification:
    """A specification with its row groups; ``rows`` (rows, dimension)."""
    groups = np.zeros((16, SPACE.dimension), np.float32)
    for index, row in enumerate(rows):
        groups[index % 16] += row
    return specification(groups.sum(0), groups={"whole": groups}, rows=len(rows))


def test_rows_drawn_again_give_a_probability_and_intervals() -> None:
    noise = np.stack([vector(100 + index) for index in range(32)])
    user = from_rows(vector(0) + 2 * noise)
    found = [
        Candidate(learnware("own"), specification(vector(0))),
        Candidate(learnware("other"), specification(vector(2))),
    ]
    matches, sure = rank(user, found)
    assert sure.word == "clear"
    assert sure.probability == pytest.approx(1 - EDGE)
    for match in matches:
        assert match.interval is not None
        low, high = match.interval
        assert low < match.similarity < high
    assert rank(user, found, Calibration(intercept=-8))[1].word == "close call"
    # Three rows may agree by luck, and redrawing them cannot show it.
    assert rank(from_rows(vector(0) + 2 * noise[:3]), found)[1] == Sureness("close call")


def test_a_winner_and_its_twin_are_sure_together() -> None:
    noise = np.stack([vector(100 + index) for index in range(32)])
    user = from_rows(vector(0) + 2 * noise)
    near, nearly = vector(0) + 0.3 * vector(1), vector(0) + 0.3 * vector(2)
    other = Candidate(learnware("other"), specification(vector(3)))
    twin_pair = [
        Candidate(twin("a", 1.0), specification(near)),
        Candidate(twin("b", 2.0), specification(nearly)),
    ]
    assert rank(user, [*twin_pair, other])[1].word == "clear"
    strangers = [
        Candidate(learnware("a"), specification(near)),
        Candidate(learnware("b"), specification(nearly)),
    ]
    assert rank(user, [*strangers, other])[1].word == "close call"


def test_damaged_and_foreign_specifications_are_left_out(tmp_path: Path) -> None:
    user = specification(vector(0))
    entry = SpecificationEntry("pave", "paper", SPACE.id, "s.safetensors")
    cases = {
        "good": specification(vector(1)),
        "foreign": specification(vector(1), space="x-1"),
        "short": specification(vector(1)[:9]),
        "other part": Specification("paper", SPACE.id, {"answer": vector(1)}, rows=1),
    }
    found = []
    for name in ("good", "foreign", "short", "other part", "damaged", "missing"):
        folder = tmp_path / name
        folder.mkdir()
        if name in cases:
            cases[name].save(folder / entry.file)
        elif name == "damaged":
            (folder / entry.file).write_bytes(b"junk")
        found.append(
            Learnware(
                f"me/{name}",
                ModelInfo("adapter"),
                specifications=(entry,),
                specs_folder=folder,
            )
        )
    assert [c.learnware.name for c in candidates(found, user)] == ["good"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), True),
        (Filters(domain="Finance"), True),
        (Filters(domain="medicine"), False),
        (Filters(base="starter/base"), True),
        (Filters(base="other/base"), False),
        (Filters(licence="MIT"), True),
        (Filters(licence="apache-2.0"), False),
        (Filters(language="en"), True),
        (Filters(language="zh"), False),
        (Filters(max_bytes=1100), True),
        (Filters(max_bytes=1099), False),
    ],
)
def test_filters(filters: Filters, expected: bool) -> None:
    item = learnware("x", domain="finance", licence="mit", languages=("en", "de"))
    base = Learnware(
        "starter/base", ModelInfo("base", files=(ModelFile("b", "safetensors", size=1000),))
    )
    assert passes(item, base, filters) is expected


def test_nothing_comparable_says_what_there_is_and_how_to_fix_it() -> None:
    user = specification(vector(0))
    bare = explain_nothing([learnware("x")], user.space, user.recipe)
    assert "No learnware here has a specification" in str(bare)
    entry = SpecificationEntry("pave", "gradient", "starter-12345678", "s")
    other = Learnware("me/x", ModelInfo("adapter"), specifications=(entry,))
    message = str(explain_nothing([other], user.space, user.recipe))
    assert SPACE.id in message
    assert "--space starter --recipe gradient" in message
    assert isinstance(bare, BadInput)


def test_rows_held_back_are_never_used_for_the_specification() -> None:
    examples = tuple(Example(str(index)) for index in range(40))
    used, held = split(examples, 64, 32)
    assert not set(used) & set(held)
    assert (len(used), len(held)) == (27, 13)
    used, held = split(examples, 10, 5)
    assert (len(used), len(held)) == (10, 5)
    used, held = split(examples, 10, 30)
    assert (len(used), len(held)) == (10, 30)
    assert split(examples[:1], 10, 5) == (examples[:1], ())
    assert split(examples, 10, 0) == (examples[:10], ())


def test_only_rows_with_answers_can_verify() -> None:
    rows = [Example("a"), Example("b", answer="B")]
    assert answered(rows) == rows[1:]
    with pytest.raises(BadInput, match="answer=COLUMN"):
        answered(rows[:1])


def test_a_row_becomes_a_conversation() -> None:
    row = Example("q", "i", "a", system="s", history=(("user", "u"), ("assistant", "w")))
    assert [(m.role, m.content) for m in messages_of(row)] == [
        ("system", "s"),
        ("user", "u"),
        ("assistant", "w"),
        ("user", "q\n\ni"),
    ]
