"""From a folder to a ranked list, with the real reference model and the starter collection."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoModelForCausalLM

from lwtui import paths
from lwtui.dataset import open_dataset
from lwtui.errors import BadInput, Cancelled
from lwtui.jobs import CancelToken, JobContext, Progress
from lwtui.match.rank import CLEAR_MARGIN
from lwtui.match.result import Filters, MatchResult
from lwtui.spec.worker import split
from lwtui.workflow.match import HELD_BACK, match
from lwtui.workflow.specify import specify

DEMOS = {
    "finance-support": "finance",
    "clinic-questions": "medicine",
    "school-maths": "mathematics",
}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(("name", "domain"), DEMOS.items())
def test_a_demo_dataset_gets_a_specialist_of_its_domain(name: str, domain: str) -> None:
    result = match(paths.demo_root() / name)
    assert result.matches[0].learnware.semantic.domain == domain
    assert "specialist" in result.matches[0].learnware.semantic.tags
    assert result.confidence in ("clear", "close call")
    assert result.rows == 64
    best = max(found.similarity for found in result.matches)
    assert best - result.matches[0].similarity <= CLEAR_MARGIN


def test_a_saved_specification_ranks_as_its_dataset_does(tmp_path: Path) -> None:
    folder = paths.demo_root() / "school-maths"
    specification = specify(folder, rows=16)
    file = tmp_path / "maths.safetensors"
    specification.save(file)
    assert specification.to_bytes() == specify(folder, rows=16).to_bytes()
    direct, saved = match(specification, top=5), match(file, top=5)
    assert [m.id for m in direct.matches] == [m.id for m in saved.matches]
    for one, other in zip(direct.matches, saved.matches, strict=True):
        assert one.similarity == pytest.approx(other.similarity, abs=1e-3)
    with pytest.raises(BadInput, match="holds no rows"):
        match(file, verify=2)
    medicine = match(file, filters=Filters(domain="medicine"))
    assert {m.learnware.semantic.domain for m in medicine.matches} == {"medicine"}
    assert match(file, filters=Filters(domain="law")).selected is None


def test_prompts_alone_are_enough(tmp_path: Path) -> None:
    examples = open_dataset(paths.demo_root() / "finance-support").sample(24, 0).examples
    lines = "\n\n".join(example.question for example in examples)
    (tmp_path / "messages.txt").write_text(lines, encoding="utf-8")
    result = match(tmp_path, rows=24)
    assert set(result.matches[0].parts) == {"prompt"}
    assert result.matches[0].learnware.semantic.domain == "finance"
    with pytest.raises(BadInput, match="answer=COLUMN"):
        match(tmp_path, rows=8, verify=1)


def direct_loss(learnware: str, folder: Path, rows: int) -> float:
    """Mean answer loss by transformers and peft alone, on the rows that a match holds back."""
    root = paths.models_dir(paths.starter_root())
    model = AutoModelForCausalLM.from_pretrained(root / "starter/base", dtype=torch.float32)
    model = PeftModel.from_pretrained(model, str(root / learnware)).eval()
    tokenizer = Tokenizer.from_file(str(root / "starter/base/tokenizer.json"))
    sample = open_dataset(folder).sample(rows + HELD_BACK, 0)
    total, count = 0.0, 0
    for example in split(sample.examples, rows, HELD_BACK)[1]:
        prompt = f"<|user|>{example.question}<|end|><|assistant|>"
        head = tokenizer.encode(prompt, add_special_tokens=False).ids
        tail = tokenizer.encode(example.answer or "", add_special_tokens=False).ids
        with torch.no_grad():
            logits = model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1]
        total += functional.cross_entropy(logits, torch.tensor(tail), reduction="sum").item()
        count += len(tail)
    return total / count


def test_verifying_re_ranks_by_what_the_rows_say() -> None:
    folder = paths.demo_root() / "finance-support"
    result = match(folder, rows=16, verify=3)
    check = result.verification
    assert check is not None
    assert (check.rows, check.learnwares) == (HELD_BACK, 3)
    losses = [found.measured_loss for found in result.matches[:3]]
    assert None not in losses
    assert losses == sorted(losses)  # type: ignore[type-var]
    assert result.matches[3].measured_loss is None
    expected = direct_loss(result.matches[0].id, folder, rows=16)
    # 0.15 nats/token: llama.cpp runs the base quantised to 8 bits.
    assert losses[0] == pytest.approx(expected, abs=0.15)
    assert check.base_loss is not None
    assert check.base_loss > 0


def test_a_cancel_ends_the_specification_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    token = CancelToken()
    notes: list[str] = []

    def cancel_in_the_middle(progress: Progress) -> None:
        notes.append(progress.note)
        if progress.note == "computing the specification":
            token.cancel()

    def run() -> MatchResult:
        folder = paths.demo_root() / "clinic-questions"
        return match(folder, context=JobContext(cancel_in_the_middle, token))

    with pytest.raises(Cancelled):
        run()
    assert "loading the reference model" in notes
    assert not list(scratch.iterdir())


def test_a_space_that_nobody_has_is_refused_at_once() -> None:
    with pytest.raises(BadInput, match=r"qwen2\.5-0\.5b.*--space starter --recipe gradient"):
        match(paths.demo_root() / "school-maths", space="qwen2.5-0.5b")
