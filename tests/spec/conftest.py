from __future__ import annotations

import pytest

from lwtui.dataset.example import Example
from lwtui.spec.reference import Reference, load_reference
from lwtui.spec.render import Rendered, render
from lwtui.spec.space import Space, find_space

ROWS = (
    Example("How do I stop a standing order?", "", "cancel_standing_order"),
    Example("Say what the sum is.", "Three apples and four pears.", "There are 7 pieces of fruit."),
    Example("What causes gout?", "", "Gout is caused by crystals of uric acid in the joints."),
    Example(
        "List the drugs.", "She was given aspirin and, later, ibuprofen.", "aspirin; ibuprofen"
    ),
    Example("Is the card blocked? It was declined twice today.", "", "declined_card"),
)


@pytest.fixture(scope="session")
def space() -> Space:
    return find_space("starter")


@pytest.fixture(scope="session")
def reference(space: Space) -> Reference:
    return load_reference(space, device="cpu")


@pytest.fixture(scope="session")
def rows(space: Space, reference: Reference) -> list[Rendered]:
    return [render(row, space.template, reference.tokenizer, space.max_tokens) for row in ROWS]
