"""Node.js, in which JavaScript libraries are run."""

from __future__ import annotations

import shlex

from corrconv.libraries.command_lines import Command, Tool
from corrconv.libraries.target import FEW_KERNEL_SHAPES, Shape

# What every script begins with: its arguments, and the kernel as rows.
ARGUMENTS = """\
const [image, output, sized] = process.argv.slice(1), [size, list] = sized.split(":");
const [width, height] = size.split("x").map(Number), kernel = list.split(",").map(Number);
const rows = Array.from({ length: height }, (_, row) => kernel.slice(row * width, (row + 1) * width));
"""


def node_tool(name: str, package: str, script: str, kernel_shapes: tuple[Shape, ...] = FEW_KERNEL_SHAPES) -> Tool:
    """A script that reads `image` and writes `output`, with `kernel`, `rows`, `width` and `height` at hand.

    package: what it requires; Node.js finds it through NODE_PATH.
    """
    return Tool(
        programs=("node",),
        sign="it is there",
        # In two pieces, since Node.js quotes the line that fails.
        version_argument=f"""--print 'require.resolve("{package}") && "it is " + "there"'""",
        command=Command(
            name=name,
            template=f"PROGRAM --eval {shlex.quote(ARGUMENTS + script)} {{image}} {{output}} {{kernel:sized}}",
            kernel_shapes=kernel_shapes,
        ),
        package=package,
    )
