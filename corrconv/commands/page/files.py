"""Writing a page: shared by `page` and `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv import __version__
from corrconv.commands.page.view import page_text
from corrconv.files.outputs import open_output

if TYPE_CHECKING:
    from pathlib import Path

    from corrconv.commands.page.study import Page
    from corrconv.core.rendering import Rendering


def write_page(target: str | Path, page: Page, name: str, rendering: Rendering, *, line: str) -> None:
    """Write the page of a picture of this name; line: the command that makes it again."""
    text = page_text(page, name, rendering, command=line, version=__version__)
    with open_output(target) as file:
        file.write(text.encode())
