"""A dataset of several tasks is split, covered by few learnwares, and its prompts are routed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lwtui import paths
from lwtui.cli.main import run_command
from lwtui.cli.mixture import mixture_facts
from lwtui.dataset import open_dataset
from lwtui.dataset.example import Example
from lwtui.errors import BadInput, Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.match.mixture import MARGIN, MOST, Mixture, cover, load_router
from lwtui.match.rank import twins
from lwtui.match.result import Filters
from lwtui.spec.gradient import gradient_sums, merge
from lwtui.spec.reference import load_reference
from lwtui.spec.render import Rendered, render
from lwtui.spec.rows import centred, group_rows, prompt_states, spherical_k_means, unit
from lwtui.spec.space import find_space
from lwtui.workflow.mixture import PromptRouter, match_mixture

EACH = 28
DEMOS = {"finance-support": "finance", "school-maths": "mathematics"}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))


def examples(demo: str, count: int = EACH, skip: int = 0) -> list[Example]:
    found = open_dataset(paths.demo_root() / demo).sample(skip + count, 0).examples
    return list(found[skip:])


def write(folder: Path, rows: list[Example], answers: bool = True) -> Path:
    folder.mkdir()
    lines = [
        {"prompt": row.question, **({"answer": row.answer} if answers else {})} for row in rows
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mixture]:
    """Two demos in one folder, and what was found for it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LWTUI_HOME", str(tmp_path_factory.mktemp("home")))
        rows = [row for demo in DEMOS for row in examples(demo)]
        folder = write(tmp_path_factory.mktemp("mixed") / "support", rows)
        return folder, match_mixture(folder)


def domains(found: Mixture) -> set[str]:
    return {member.learnware.semantic.domain for member in found.members}


def test_a_mixed_dataset_gets_a_learnware_for_each_of_its_tasks(
    mixed: tuple[Path, Mixture],
) -> None:
    _, found = mixed
    assert not found.is_one
    assert domains(found) == {"finance", "mathematics"}
    assert found.rows == 2 * EACH == sum(member.rows for member in found.members)
    assert sum(member.share for member in found.members) == pytest.approx(1)
    assert all(0.3 < member.share < 0.7 for member in found.members)
    assert found.expected_gain is not None
    assert found.alone_gain is not None
    assert found.expected_gain >= found.alone_gain + MARGIN
    assert set(found.router.learnwares) == {member.learnware.id for member in found.members}
    one, other = (member.learnware for member in found.members)
    assert not twins(one, other)


def test_prompts_it_has_not_seen_go_to_their_own_learnware(
    mixed: tuple[Path, Mixture], tmp_path: Path
) -> None:
    _, found = mixed
    file = tmp_path / "mixture.safetensors"
    found.router.save(file)
    assert load_router(file).to_bytes() == found.router.to_bytes()
    router = PromptRouter(file)
    of_domain = {member.learnware.semantic.domain: member.learnware.id for member in found.members}
    for demo, domain in DEMOS.items():
        unseen = [row.question for row in examples(demo, 16, skip=EACH)]
        right = [router.route(prompt) == of_domain[domain] for prompt in unseen]
        assert sum(right) >= 0.8 * len(right)


def test_the_command_line_says_which_learnware_answers(
    mixed: tuple[Path, Mixture], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, found = mixed
    facts = json.loads(json.dumps(mixture_facts(found)))
    assert not facts["one"]
    assert [each["id"] for each in facts["learnwares"]] == [m.learnware.id for m in found.members]
    assert all(each["description"] for each in facts["learnwares"])
    file = tmp_path / "mixture.safetensors"
    found.router.save(file)
    prompt = examples("school-maths", 1, skip=EACH)[0].question
    order = ["chat", "--mixture", file, "--prompt", prompt, "--max-tokens", "2", "--json"]
    assert run_command([str(word) for word in order]) == 0
    assert json.loads(capsys.readouterr().out)["learnware"] == PromptRouter(file).route(prompt)
    for wrong in (
        ["match", folder, "-o", file],
        ["match", folder, "--mixture", "--verify"],
        ["match", folder, "--mixture", "-o", tmp_path / "mixture.txt"],
        ["match", file, "--mixture"],
        ["chat", "starter/credit-risk", "--mixture", file],
        ["chat", "--mixture", tmp_path / "none.safetensors"],
    ):
        assert run_command([str(word) for word in wrong]) == 2


def test_one_task_needs_one_learnware(tmp_path: Path) -> None:
    found = match_mixture(paths.demo_root() / "school-maths", rows=32)
    assert found.is_one
    assert found.members[0].learnware.semantic.domain == "mathematics"
    assert found.members[0].share == 1
    assert found.alone == found.members[0].learnware.id


def test_prompts_without_answers_are_enough(tmp_path: Path) -> None:
    rows = [row for demo in DEMOS for row in examples(demo, 16)]
    found = match_mixture(write(tmp_path / "prompts", rows, answers=False))
    assert found.rows == 32
    assert sum(member.share for member in found.members) == pytest.approx(1)
    assert found.expected_gain is not None
    assert found.expected_gain > 0


def test_filters_narrow_the_set(mixed: tuple[Path, Mixture]) -> None:
    folder, _ = mixed
    found = match_mixture(folder, rows=32, filters=Filters(domain="medicine"))
    assert {m.learnware.semantic.domain for m in found.members if not m.is_base} <= {"medicine"}
    assert found.rows == 32
    with pytest.raises(BadInput, match="passes these filters"):
        match_mixture(folder, filters=Filters(domain="law"))


def test_too_little_is_said_before_anything_else(tmp_path: Path) -> None:
    few = write(tmp_path / "few", examples("finance-support", 9))
    with pytest.raises(BadInput, match="9 rows are too few"):
        match_mixture(few)
    with pytest.raises(BadInput, match="holds no rows"):
        match_mixture(tmp_path / "specification.safetensors")
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        match_mixture(few, context=JobContext(cancel=stopped))


def test_groups_add_up_to_the_whole_dataset_and_are_the_same_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lwtui.spec.rows.ROWS_PER_GROUP", 4)
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    rows = [
        render(row, space.template, reference.tokenizer, space.max_tokens)
        for demo in DEMOS
        for row in examples(demo, 6)
    ]
    found = group_rows(reference, space, rows, JobContext())
    assert len(found.sums) == len(found.centroids)
    again = group_rows(reference, space, rows, JobContext())
    np.testing.assert_array_equal(again.centroids, found.centroids)
    for one, other in zip(again.sums, found.sums, strict=True):
        np.testing.assert_array_equal(one.sums["prompt"], other.sums["prompt"])
    whole = gradient_sums(reference, space, rows, JobContext())
    total = found.sums[0]
    for more in found.sums[1:]:
        total = merge(total, more)
    assert (total.rows, total.counts) == (whole.rows, whole.counts)
    for name, sums in whole.sums.items():
        mine, theirs = total.sums[name].sum(0), sums.sum(0)
        assert np.linalg.norm(mine - theirs) < 1e-2 * np.linalg.norm(theirs)  # batches may differ
    alone = [prompt_states(reference, space, [row])[0] for row in rows[:4]]
    together = prompt_states(reference, space, rows[:4])
    assert np.min(np.sum(unit(np.stack(alone)) * unit(together), axis=1)) > 0.999
    without = [Rendered(row.prompt, ()) for row in rows[:4]]
    np.testing.assert_array_equal(prompt_states(reference, space, without), together)


def test_k_means_finds_what_is_apart_and_survives_equal_rows() -> None:
    source = np.random.default_rng(0)
    middles = np.eye(3, 8, dtype=np.float32)
    noise = source.normal(0, 0.1, (30, 8)).astype(np.float32)
    rows = unit(np.repeat(middles, 10, axis=0) + noise)
    labels, centroids = spherical_k_means(rows, 3)
    assert [len(set(labels[i : i + 10])) for i in (0, 10, 20)] == [1, 1, 1]
    assert len(set(labels)) == len(centroids) == 3
    equal, one = spherical_k_means(np.repeat(rows[:1], 20, axis=0), 4)
    assert len(one) == 1
    assert not equal.any()
    assert not centred(rows[:1], unit(rows[:1])[0]).any()


def test_a_cover_takes_what_adds_enough_and_no_more() -> None:
    shares = np.array([0.5, 0.5], np.float32)
    both = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.6]], np.float32)
    chosen, places = cover(both, shares)
    assert {chosen[place] for place in places} == {0, 1}, (
        "the first choice serves nobody in the end"
    )
    alike = np.array([[1.0, 1.0 + MARGIN], [1.0, 1.0 - MARGIN]], np.float32)
    assert len(cover(alike, shares)[0]) == 1
    many = np.eye(10, dtype=np.float32)
    assert len(cover(many, np.full(10, 0.1, np.float32))[0]) == MOST


def test_a_file_that_is_no_mixture_is_refused(mixed: tuple[Path, Mixture], tmp_path: Path) -> None:
    file = tmp_path / "wrong.safetensors"
    save_file({"centre": np.zeros(3, np.float32)}, file)
    with pytest.raises(BadInput, match="not a mixture"):
        load_router(file)
    for change in (
        {"learnwares": ()},
        {"centre": np.full(640, np.nan, np.float32)},
        {"centroids": np.zeros((1, 640), np.float32)},
    ):
        dataclasses.replace(mixed[1].router, **change).save(file)
        with pytest.raises(BadInput, match=r"wrong|not sound"):
            load_router(file)
    with pytest.raises(BadInput, match=r"mixture|safetensors|no such"):
        load_router(tmp_path / "none.safetensors")
    with pytest.raises(BadInput, match="could not be written"):
        mixed[1].router.save(tmp_path / "nowhere" / "m.safetensors")
