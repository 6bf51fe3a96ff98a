"""Are learned filters symmetric? How much of them a half-turn negates, and what chance would give.

A filter here is one kernel (rows, columns), from one input channel to one output channel: what the
half-turn turns. Its odd part is what correlation and convolution disagree about.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.layer.forward import layer
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Filters = NDArray[np.float64]  # (count, rows, columns)

# A filter is called symmetric where its odd part is no longer than this share of it; antisymmetric likewise.
TOLERANCE = 0.1

# Beyond this many standard errors from what chance gives, a mean is no accident.
SIGNIFICANT = 4.0

# Filters far weaker than the others of their layer do next to nothing, and are not shown.
WEAKEST_SHOWN = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerSymmetry:
    """The filters of one layer.

    shape (out, in, rows, columns). filters: how many kernels are not 0 everywhere. odd_share: of the
    layer's energy, Σ odd² / Σ weights². mean_odd_share: the mean over the filters. without_mean: the odd
    share of what is left when each filter's mean, which is even, is taken off. chance_*: what
    independent normal weights would give on average. standard_errors: how far the mean odd share lies
    above (or, negative, below) chance. photo_change: on the picture, where the layer reads its channels.
    """

    name: str
    shape: tuple[int, int, int, int]
    filters: int
    odd_share: float
    mean_odd_share: float
    without_mean: float
    chance_odd_share: float
    chance_without_mean: float
    symmetric_filters: int
    antisymmetric_filters: int
    chance_symmetric: float
    chance_antisymmetric: float
    standard_errors: float
    photo_change: float | None

    @property
    def response_change(self) -> float:
        """‖correlation - convolution‖ / ‖correlation‖ on white noise: 2 · √(odd share), up to 2 (the opposite)."""
        return 2 * sqrt(self.odd_share)

    @property
    def chance_response_change(self) -> float:
        """What chance would give."""
        return 2 * sqrt(self.chance_odd_share)


@dataclass(frozen=True, eq=False)
class RankedFilter:
    """One filter with its odd share."""

    layer: str
    out: int
    channel: int
    weights: NDArray[np.float64]
    odd_share: float


@dataclass(frozen=True, eq=False)
class NetworkSymmetry:
    """All layers with kernels larger than 1x1, and the filters at both ends.

    single: names of the layers of 1x1 kernels, which no half-turn changes.
    """

    layers: tuple[LayerSymmetry, ...]
    single: tuple[str, ...]
    most_symmetric: tuple[RankedFilter, ...]
    least_symmetric: tuple[RankedFilter, ...]

    @property
    def filters(self) -> int:
        """Of all layers."""
        return sum(each.filters for each in self.layers)

    @property
    def mean_odd_share(self) -> float:
        """The mean over all filters."""
        return self._mean([each.mean_odd_share for each in self.layers])

    @property
    def without_mean(self) -> float:
        """The mean over all filters, their means taken off."""
        return self._mean([each.without_mean for each in self.layers])

    @property
    def chance_odd_share(self) -> float:
        """What chance would give for filters of these sizes."""
        return self._mean([each.chance_odd_share for each in self.layers])

    @property
    def chance_without_mean(self) -> float:
        """What chance would give without the filters' means."""
        return self._mean([each.chance_without_mean for each in self.layers])

    @property
    def standard_errors(self) -> float:
        """How many standard errors the mean odd share lies above chance."""
        variance = self._mean([_spread(each) ** 2 for each in self.layers])
        return (self.mean_odd_share - self.chance_odd_share) / sqrt(variance / self.filters)

    def _mean(self, values: list[float]) -> float:
        return float(np.average(values, weights=[each.filters for each in self.layers]))


def judge_network(
    layers: Mapping[str, NDArray[np.float64]], photo: NDArray[Any] | None = None, *, shown: int = 16
) -> NetworkSymmetry:
    """Measure every layer (out, in, rows, columns); photo (H, W, 3) is filtered by layers that read 1 or 3 channels.

    Raises CorrconvError where all kernels are 1x1 or 0.
    """
    single = tuple(name for name, weights in layers.items() if weights.shape[2] * weights.shape[3] == 1)
    spatial = {name: weights for name, weights in layers.items() if name not in single and weights.any()}
    if not spatial:
        raise CorrconvError("all kernels are 1x1 or 0: a half-turn changes nothing, so there is nothing to compare")
    judged = tuple(_judge(name, weights, photo) for name, weights in spatial.items())
    ranked = sorted(
        (each for name, weights in spatial.items() for each in _ranked(name, weights)), key=lambda each: each.odd_share
    )
    return NetworkSymmetry(judged, single, tuple(ranked[:shown]), tuple(reversed(ranked[-shown:])))


def odd_shares(filters: Filters) -> NDArray[np.float64]:
    """The share of each filter's energy that its half-turn negates: 0 symmetric, 1 antisymmetric."""
    odd = (filters - filters[:, ::-1, ::-1]) / 2
    shares: NDArray[np.float64] = (odd**2).sum(axis=(1, 2)) / (filters**2).sum(axis=(1, 2))
    return shares


def odd_cells(rows: int, columns: int) -> int:
    """How many independent numbers an odd kernel of this size has: one for each pair of opposite cells."""
    return rows * columns // 2


def chance_within(share: float, first: int, second: int) -> float:
    """How likely independent normal weights have at most this share of their energy in first of first + second.

    The share follows a beta distribution with first / 2 and second / 2; its density is integrated.
    """
    a, b = first / 2, second / 2
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    # In t = sqrt(share), where the density has no pole at 0; the middle of each of many steps.
    edge = sqrt(share)
    steps = (np.arange(2000) + 0.5) * edge / 2000
    density = 2 * np.exp(scale + (2 * a - 1) * np.log(steps) + (b - 1) * np.log1p(-(steps**2)))
    return float(density.mean() * edge)


def _judge(name: str, weights: NDArray[np.float64], photo: NDArray[Any] | None) -> LayerSymmetry:
    out, channels, rows, columns = weights.shape
    every = weights.reshape(-1, rows, columns)
    filters = every[every.any(axis=(1, 2))]
    shares = odd_shares(filters)
    centred = filters - filters.mean(axis=(1, 2), keepdims=True)
    varied = centred[np.abs(centred).max(axis=(1, 2)) > 1e-12 * np.abs(filters).max(axis=(1, 2))]
    odd, even = odd_cells(rows, columns), rows * columns - odd_cells(rows, columns)
    spread = sqrt(2 * odd * even / ((odd + even) ** 2 * (odd + even + 2)))
    symmetric, antisymmetric = chance_within(TOLERANCE**2, odd, even), chance_within(TOLERANCE**2, even, odd)
    energies = (filters**2).sum(axis=(1, 2))
    return LayerSymmetry(
        name=name,
        shape=(out, channels, rows, columns),
        filters=len(filters),
        odd_share=float(np.average(shares, weights=energies)),
        mean_odd_share=float(shares.mean()),
        without_mean=float(odd_shares(varied).mean()) if len(varied) else 0.0,
        chance_odd_share=odd / (odd + even),
        chance_without_mean=odd / (odd + even - 1),
        symmetric_filters=int((shares <= TOLERANCE**2).sum()),
        antisymmetric_filters=int((shares >= 1 - TOLERANCE**2).sum()),
        chance_symmetric=symmetric * len(filters),
        chance_antisymmetric=antisymmetric * len(filters),
        standard_errors=(float(shares.mean()) - odd / (odd + even)) / (spread / sqrt(len(filters))),
        photo_change=_photo_change(weights, photo),
    )


def _spread(judged: LayerSymmetry) -> float:
    """The standard deviation that chance gives the odd share of one filter."""
    *_, rows, columns = judged.shape
    odd = odd_cells(rows, columns)
    even = rows * columns - odd
    return sqrt(2 * odd * even / ((odd + even) ** 2 * (odd + even + 2)))


def _photo_change(weights: NDArray[np.float64], photo: NDArray[Any] | None) -> float | None:
    channels = weights.shape[1]
    if photo is None or channels not in {1, 3} or min(photo.shape[:2]) < max(weights.shape[2:]):
        return None
    pixels = photo.astype(np.float64) if channels == 3 else photo.mean(axis=2, keepdims=True)
    # A network is fed what varies about its mean, not the brightness.
    images = np.moveaxis(pixels - pixels.mean(axis=(0, 1)), -1, 0)[np.newaxis]
    correlated, convolved = (layer(images, weights, operation=name) for name in ("correlation", "convolution"))
    norm = float(np.linalg.norm(correlated))
    return float(np.linalg.norm(correlated - convolved)) / norm if norm else 0.0


def _ranked(name: str, weights: NDArray[np.float64]) -> list[RankedFilter]:
    """The filters of a layer that are not far weaker than its others."""
    norms = np.sqrt((weights**2).sum(axis=(2, 3)))
    strong = np.argwhere(norms >= WEAKEST_SHOWN * np.sqrt((norms**2).mean()))
    shares = odd_shares(weights[strong[:, 0], strong[:, 1]])
    return [
        RankedFilter(name, out, channel, weights[out, channel], share)
        for (out, channel), share in zip(strong.tolist(), shares.tolist(), strict=True)
    ]
