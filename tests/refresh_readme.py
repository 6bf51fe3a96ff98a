"""Write into the README what its sessions print now: `python tests/refresh_readme.py`. Read the difference after."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from PIL import Image
from test_readme import README, ROOT, VARYING, lines_of, run, steps


def refreshed(session: str, folder: Path) -> str:
    """A session with what its commands print now; figures that vary from machine to machine stay."""
    lines = []
    for command, expected in steps(session):
        printed = run(command, folder)
        varies = any(command.startswith(start) for start in VARYING)
        kept = varies and lines_of(printed, command) == lines_of(expected, command)
        shown = expected if kept else printed
        lines += [f"$ {command}", *(line.rstrip() for line in shown.strip("\n").splitlines())]
    return "```console\n" + "\n".join(lines) + "\n```"


def main() -> None:
    """Run every session in one folder, as the tests do."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.open(ROOT / "sample_images" / "chelsea.png").save(folder / "photo.png")
        written = re.sub(r"```console\n(.*?)```", lambda found: refreshed(found[1], folder), README, flags=re.DOTALL)
        run("corrconv demo picture", folder)
        panel = Image.open(folder / "picture" / "04-emboss" / "panel.png")
        panel.save(ROOT / ".readme" / "panel.jpg", quality=88)
    (ROOT / "README.md").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
