"""resvg, which draws SVG: the filter primitive feConvolveMatrix."""

from __future__ import annotations

from corrconv.core.convention.model import Scale
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.nodejs import node_tool
from corrconv.libraries.shared import EDGE, EIGHT_BITS, LOWER_CONVOLUTION

ROUNDED = NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE, Summing(dtype="float32", unit=255, decimals=6))

# Without color-interpolation-filters="sRGB" the weights would be applied to linear light.
SCRIPT = """\
const { readFileSync, writeFileSync } = require("fs"), data = readFileSync(image);
const sides = `width="${data.readUInt32BE(16)}" height="${data.readUInt32BE(20)}"`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${sides}>
<filter id="f" x="0" y="0" ${sides} filterUnits="userSpaceOnUse" color-interpolation-filters="sRGB">
<feConvolveMatrix order="${width} ${height}" kernelMatrix="${kernel.join(" ")}" preserveAlpha="true"/></filter>
<image filter="url(#f)" ${sides} xlink:href="data:image/png;base64,${data.toString("base64")}"/></svg>`;
writeFileSync(output, new (require("@resvg/resvg-js").Resvg)(svg).render().asPng());
"""

FUNCTIONS = (
    LibraryFunction(
        name="resvg.feConvolveMatrix",
        computes=LOWER_CONVOLUTION.changed(borders=EDGE, scale=Scale.SUM, numbers=ROUNDED, pixels=EIGHT_BITS),
        runner=node_tool("resvg.feConvolveMatrix", "@resvg/resvg-js", SCRIPT),
    ),
)
