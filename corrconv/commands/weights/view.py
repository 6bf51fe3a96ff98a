"""The symmetry of learned filters as a table, a verdict, a document and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image
from rich.console import Group
from rich.text import Text

from corrconv.commands.weights.study import SIGNIFICANT, TOLERANCE
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.numbers import share, short_number
from corrconv.drawing.pictures import PAPER, Figure, diverging, framed, panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corrconv.commands.weights.study import LayerSymmetry, NetworkSymmetry, RankedFilter

MOST_ROWS = 24  # of the table
LONGEST_NAME = 22
CELL, SPACE, PER_ROW = 72, 8, 8


def network_view(network: NetworkSymmetry, name: str) -> Group:
    """A line for each layer, and what it means."""
    table = plain_table(f"{name}: {network.filters} filters in {len(network.layers)} layers")
    table.padding = (0, 2, 0, 0)
    table.add_column("\nlayer", no_wrap=True)
    table.add_column("\nshape", no_wrap=True)
    table.add_column("odd\nshare", justify="right", no_wrap=True)
    table.add_column("by\nchance", justify="right", no_wrap=True)
    table.add_column("sym-\nmetric", justify="right", no_wrap=True)
    table.add_column("by\nchance", justify="right", no_wrap=True)
    table.add_column("flip\nchanges", justify="right", no_wrap=True)
    for layer in network.layers[:MOST_ROWS]:
        table.add_row(*_cells(layer))
    notes = [
        "odd share: of the weights' energy, what a half-turn negates; symmetric: filters whose odd part is at most"
        f" {TOLERANCE:.0%} of their length; flip changes: |correlation - convolution| / |correlation| on noise,"
        " at most 200%. A filter: one kernel, from one channel to one channel."
    ]
    if (hidden := len(network.layers) - MOST_ROWS) > 0:
        notes.insert(0, f"{hidden} layers more; all are in --json.")
    return Group(table, *(Text(note, "dim") for note in notes), Text(), Text(verdict(network)))


def verdict(network: NetworkSymmetry) -> str:
    """Whether learned filters are more symmetric than chance, and whether that makes the flip harmless."""
    found, chance = share(network.mean_odd_share), share(network.chance_odd_share)
    errors = network.standard_errors
    if abs(errors) < SIGNIFICANT:
        first = (
            f"These filters are as symmetric as chance makes them: {found} of a filter is odd, chance gives {chance}."
        )
    else:
        word = "more" if errors < 0 else "less"
        first = f"These filters are {word} symmetric than chance: {found} of a filter is odd, chance gives {chance}."
    rest = _by_layer(network)
    if errors <= -SIGNIFICANT:
        rest += (
            f" (Without their means, which are even, {share(network.without_mean)} is odd;"
            f" chance gives {share(network.chance_without_mean)}.)"
        )
    symmetric = sum(layer.symmetric_filters for layer in network.layers)
    antisymmetric = sum(layer.antisymmetric_filters for layer in network.layers)
    expected = sum(layer.chance_symmetric for layer in network.layers)
    second = (
        f"{symmetric} of {network.filters} ({_rate(symmetric, network.filters)}) are symmetric within {TOLERANCE:.0%};"
        f" chance gives {short_number(expected)}. {antisymmetric} are antisymmetric."
    )
    changes = [layer.response_change for layer in network.layers]
    spread = f"{min(changes):.0%} to {max(changes):.0%}" if len(changes) > 1 else f"{changes[0]:.0%}"
    third = f"Forget the flip, and a layer's response to noise changes by {spread} of itself"
    photos = [f"{layer.photo_change:.0%} in {layer.name}" for layer in network.layers if layer.photo_change is not None]
    fourth = f"; on a photo, by {photos[0]}" if photos else ""
    last = ". It matters." if max(changes) > 0.1 else ". It hardly matters."
    single = (
        f"\n{len(network.single)} layers of 1x1 kernels are not counted: no half-turn changes them."
        if network.single
        else ""
    )
    return f"{first}{rest}\n{second}\n{third}{fourth}{last}{single}"


def _by_layer(network: NetworkSymmetry) -> str:
    """How many layers are on either side of chance, where there are several."""
    if len(network.layers) == 1:
        return ""
    more = sum(layer.standard_errors <= -SIGNIFICANT for layer in network.layers)
    less = sum(layer.standard_errors >= SIGNIFICANT for layer in network.layers)
    return f" Of {len(network.layers)} layers, {more} are more and {less} less symmetric than chance."


def network_document(network: NetworkSymmetry, name: str) -> dict[str, Any]:
    """The measures for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "file": name,
        "filters": network.filters,
        "mean_odd_share": network.mean_odd_share,
        "chance_odd_share": network.chance_odd_share,
        "without_mean": {"mean_odd_share": network.without_mean, "chance_odd_share": network.chance_without_mean},
        "standard_errors": network.standard_errors,
        "verdict": verdict(network),
        "layers": [
            {
                "name": layer.name,
                "shape": list(layer.shape),
                "filters": layer.filters,
                "odd_share": layer.odd_share,
                "chance_odd_share": layer.chance_odd_share,
                "mean_odd_share": layer.mean_odd_share,
                "mean_odd_share_without_mean": layer.without_mean,
                "standard_errors": layer.standard_errors,
                "symmetric_filters": layer.symmetric_filters,
                "chance_symmetric_filters": layer.chance_symmetric,
                "antisymmetric_filters": layer.antisymmetric_filters,
                "chance_antisymmetric_filters": layer.chance_antisymmetric,
                "response_change": layer.response_change,
                "chance_response_change": layer.chance_response_change,
                "photo_change": layer.photo_change,
            }
            for layer in network.layers
        ],
        "layers_of_1x1": list(network.single),
    }


def network_picture(network: NetworkSymmetry, name: str) -> Image.Image:
    """The most and the least symmetric filters, each over its own range."""
    tiles = [
        Figure(_mosaic(network.most_symmetric), "most symmetric", _range_words(network.most_symmetric)),
        Figure(_mosaic(network.least_symmetric), "least symmetric", _range_words(network.least_symmetric)),
    ]
    footer = (
        "Each filter over its own range: blue below 0, red above. Row by row, the most extreme first; filters far"
        " weaker than others of their layer are left out."
    )
    return panel(
        f"{name}: filters that a half-turn changes least and most", tiles, footer=f"{footer}\n{verdict(network)}"
    )


def _cells(layer: LayerSymmetry) -> tuple[str, ...]:
    name = layer.name if len(layer.name) <= LONGEST_NAME else f"…{layer.name[1 - LONGEST_NAME :]}"
    return (
        name,
        "x".join(map(str, layer.shape)),
        share(layer.odd_share),
        share(layer.chance_odd_share),
        str(layer.symmetric_filters),
        short_number(round(layer.chance_symmetric, 1)),
        f"{layer.response_change:.0%}",
    )


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if part else "none"


def _range_words(filters: Sequence[RankedFilter]) -> str:
    return f"odd share {share(filters[0].odd_share)} to {share(filters[-1].odd_share)}"


def _mosaic(filters: Sequence[RankedFilter]) -> Image.Image:
    rows = -(-len(filters) // PER_ROW)
    columns = min(PER_ROW, len(filters))
    page = Image.new("RGB", (columns * (CELL + SPACE) - SPACE, rows * (CELL + SPACE) - SPACE), PAPER)
    for index, each in enumerate(filters):
        row, column = divmod(index, PER_ROW)
        height, width = each.weights.shape
        cell = max(1, CELL // max(height, width))
        drawn = diverging(each.weights).resize((width * cell, height * cell), Image.Resampling.NEAREST)
        page.paste(framed(drawn), (column * (CELL + SPACE), row * (CELL + SPACE)))
    return page
