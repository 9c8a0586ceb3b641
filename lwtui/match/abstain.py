"""When to recommend the bare base, since nothing in the collection fits.

A narrow learnware of a weak base is worse than the base on a task that is not its own, and the
most similar one is always somebody. Before anything was run: when nothing is similar, by a
threshold that an experiment found (``calibration.toml``), or when nothing is expected to gain on
the base; afterwards, what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence

from lwtui.match.calibration import Calibration
from lwtui.match.halving import paired
from lwtui.match.result import Match

NOISE = 1.0
"""Standard errors of the paired difference over the rows that a measurement must exceed."""


def by_similarity(matches: Sequence[Match], calibration: Calibration) -> str:
    """Why nothing fits, judged by the highest similarity and gain; empty when something does."""
    if not matches:
        return ""
    best = max(match.similarity for match in matches)
    if best < calibration.threshold:
        return (
            f"Nothing here was made for data like this: the highest similarity is {best:.2f}, "
            f"below {calibration.threshold:.2f}"
        )
    # What is assumed of somebody on no grounds of his own data is no reason to choose him.
    fit = [m for m in matches if not (m.assumed and m.similarity < calibration.threshold)]
    gain = fit[0].expected_gain if fit else None
    if gain is not None and gain < 0:
        return (
            "Nothing here is expected to do better than its bare base: at best a gain of "
            f"{gain:+.2f} nats/token"
        )
    return ""


def by_measurement(
    best: Sequence[float], base: Sequence[float], mean_losses: tuple[float, float], before: str
) -> str:
    """Why the base is the better choice after both ran on the same rows; empty when it is not.

    ``best`` and ``base``: a row's loss summed over its tokens, nats. If the means differ by more
    than ``NOISE`` paired standard errors, the lower one is right. Otherwise the rows could not
    tell and the verdict by similarity stays (``before``, its reason or nothing).
    ``mean_losses`` (best, base), nats/token, are for the sentence.
    """
    lead, error = paired(best, base)
    if lead > NOISE * error:
        return (
            f"The bare base did better on your rows: {mean_losses[1]:.2f} against "
            f"{mean_losses[0]:.2f} nats/token of the best learnware"
        )
    return "" if lead < -NOISE * error else before
