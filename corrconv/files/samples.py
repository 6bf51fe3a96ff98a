"""The pictures that come with corrconv, reachable as sample:NAME."""

from __future__ import annotations

from pathlib import Path

import corrconv
from corrconv.errors import FileError

PREFIX = "sample:"


def sample_names() -> tuple[str, ...]:
    """The names that may follow `sample:`, in alphabetical order."""
    return tuple(sorted(path.stem for path in _folder().glob("*.png")))


def sample_path(name: str) -> Path:
    """Where the sample picture of this name lies. Raises FileError, with the names there are, if there is none."""
    names = sample_names()
    if name not in names:
        raise FileError(f"{PREFIX}{name}: no such sample picture; there are {', '.join(names)}")
    return _folder() / f"{name}.png"


def _folder() -> Path:
    # Inside the package when installed from a wheel, beside it in a source checkout.
    package = Path(corrconv.__file__).parent
    installed = package / "sample_images"
    return installed if installed.is_dir() else package.parent / "sample_images"
