"""The published optimiser over cached gradients, against the published recipe itself."""

from __future__ import annotations

import numpy as np
import pytest

from lwtui.dataset.example import Example
from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.spec import paper
from lwtui.spec.compute import compute
from lwtui.spec.gradient import row_gradients
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered
from lwtui.spec.replay import replay_b, whole_text_gradients
from lwtui.spec.space import Space
from tests.spec.conftest import ROWS


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def test_it_comes_near_what_the_published_recipe_trains(
    reference: Reference, space: Space, rows: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "DROPOUT", 0.0)
    gradients, tokens = whole_text_gradients(reference, space, rows, JobContext())
    replayed = replay_b(gradients, tokens, space, JobContext(), steps=60)
    trained = paper.train_b(reference, space, rows, JobContext(), steps=60)
    assert cosine(replayed, trained) > 0.9
    # and not because every vector of this space is alike
    other = replay_b(gradients[::-1] * -1, tokens[::-1], space, JobContext(), steps=60)
    assert cosine(other, trained) < 0.5


def test_the_whole_texts_gradient_is_the_parts_weighted_by_their_tokens(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    gradients, tokens = whole_text_gradients(reference, space, rows, JobContext())
    parts = row_gradients(reference, space, rows)
    for index, row in enumerate(rows):
        prompt, answer = len(row.prompt) - 1, len(row.answer)
        assert tokens[index] == prompt + answer
        both = prompt * parts["prompt"][index] + answer * parts["answer"][index]
        np.testing.assert_allclose(gradients[index], both.numpy() / tokens[index], atol=1e-4)


def test_the_same_rows_give_the_same_specification(reference: Reference, space: Space) -> None:
    one, other = (compute(ROWS, space, "replay", reference=reference) for _ in range(2))
    assert one.digest() == other.digest()
    assert (one.recipe, set(one.parts)) == ("replay", {"whole"})


def test_it_can_be_cancelled(reference: Reference, space: Space) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        compute([Example("a", "", "b")], space, "replay", context=JobContext(cancel=cancel))
