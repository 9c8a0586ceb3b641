from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lwtui.errors import BadInput
from lwtui.spec.space import find_space, frozen_a, spaces


def test_the_published_space_has_the_published_dimension() -> None:
    space = find_space("qwen2.5-0.5b")
    assert space.dimension == 24 * 16 * (896 + 128 + 128) == 442_368
    assert len(space.modules) == 72
    assert space.modules[0] == ("model.layers.0.self_attn.q_proj", 896)


@pytest.mark.parametrize("name", ["starter", "qwen2.5-0.5b"])
def test_frozen_a_is_the_pinned_one(name: str) -> None:
    space = find_space(name)
    matrices = frozen_a(space)
    assert matrices.shape == (len(space.modules), space.rank, space.hidden)
    assert matrices.dtype == np.float32
    assert np.abs(matrices).max() <= 1 / np.sqrt(space.hidden)


def test_another_a_is_refused() -> None:
    other = dataclasses.replace(find_space("starter"), seed=1)
    with pytest.raises(BadInput, match="not the published one"):
        frozen_a(other)


def test_the_id_follows_everything_that_matters_and_nothing_else() -> None:
    space = find_space("starter")
    assert dataclasses.replace(space, title="Another title").id == space.id
    for change in (
        {"rank": 4},
        {"template": "alpaca"},
        {"frozen_a_sha256": "0" * 64},
        {"weights_sha256": "0" * 64},
        {"max_tokens": 99},
    ):
        assert dataclasses.replace(space, **change).id != space.id
    assert len({space.id for space in spaces().values()}) == len(spaces())


def test_an_unknown_space_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"Known spaces: starter, qwen2\.5-0\.5b"):
        find_space("starter-00000000")
