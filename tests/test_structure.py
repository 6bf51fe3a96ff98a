"""The rooms of the package: imports point one way, and one word never means two things."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import corrconv

PACKAGE = Path(corrconv.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each room may import: rooms of our own, and packages beside the standard library.
OWN_ROOMS = {
    "errors": set(),
    "core": {"core", "errors"},
    "studies": {"studies", "core", "errors"},
    "files": {"files", "core", "errors", "__init__"},  # where the samples lie
    "views": {"views", "studies", "core", "errors"},
    "cli": {"cli", "views", "files", "studies", "core", "errors"},
    "__init__": {"files", "studies", "core", "errors"},
    "__main__": {"cli", "errors"},
}
PACKAGES = {
    "errors": set(),
    "core": {"numpy"},
    "studies": {"numpy"},
    "files": {"numpy", "PIL"},
    "views": {"numpy", "PIL", "rich"},
    "cli": {"numpy", "PIL", "rich", "click"},
    "__init__": set(),
    "__main__": {"click"},
}
PURE_ROOMS = ("core", "studies")  # arrays in, arrays out
FILE_MODULES = {"pathlib", "tempfile", "shutil", "glob", "fileinput", "io"}
NUMPY_FILE_CALLS = {"load", "save", "savez", "loadtxt", "savetxt", "genfromtxt", "fromfile", "memmap"}


def room_of(module: Path) -> str:
    """The room that a module of the package stands in: its folder, or its own name at the top."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree: ast.AST) -> set[str]:
    """The full names of all modules that are imported, those for type checking and inside functions too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides which room it enters"
            # `from corrconv import core` enters the room as `import corrconv.core` does.
            names |= {f"corrconv.{alias.name}" for alias in node.names} if node.module == "corrconv" else {node.module}
    return names


def import_faults(room: str, tree: ast.AST) -> list[str]:
    """What a module of this room imports but must not."""
    faults = []
    for name in sorted(imported(tree)):
        top, *rest = name.split(".")
        if top == "corrconv":
            entered = rest[0] if rest else "__init__"
            if entered not in OWN_ROOMS[room] and entered != "__version__":
                faults.append(name)
        elif top in sys.stdlib_module_names:
            if room in PURE_ROOMS and top in FILE_MODULES:
                faults.append(name)
        elif top not in PACKAGES[room]:
            faults.append(name)
    return faults


def file_access(tree: ast.AST) -> list[str]:
    """Calls that read or write files, by `open` or through NumPy."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [ast.unparse(call) for call in calls]
    of_numpy = {f"np.{name}" for name in NUMPY_FILE_CALLS}
    return [name for name in names if name == "open" or name in of_numpy or name.endswith(".tofile")]


def names_given(tree: ast.AST) -> set[str]:
    """Every name that a module gives: variables, parameters, attributes, functions and classes.

    The keyword of a call (numpy.pad's own `mode=`) is a name that somebody else gave.
    """
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
    return names


def mode_names(tree: ast.AST) -> list[str]:
    """Names with the word `mode` in them: it means boundary here, size there, so it means nothing."""
    return sorted(name for name in names_given(tree) if "mode" in name.lower().split("_"))


def in_rooms(*rooms: str) -> list[Path]:
    return [module for module in MODULES if room_of(module) in rooms]


def by_path(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def parse(module: Path) -> ast.AST:
    return ast.parse(module.read_text(encoding="utf-8"))


def test_every_module_stands_in_a_known_room():
    assert {room_of(module) for module in MODULES} <= OWN_ROOMS.keys()
    assert {"core", "studies", "files", "views", "cli"} <= {room_of(module) for module in MODULES}


@pytest.mark.parametrize("module", MODULES, ids=by_path)
def test_imports_point_one_way(module):
    assert import_faults(room_of(module), parse(module)) == []


@pytest.mark.parametrize("module", in_rooms(*PURE_ROOMS), ids=by_path)
def test_core_and_studies_touch_no_file_and_have_no_mode(module):
    assert file_access(parse(module)) == []
    assert mode_names(parse(module)) == []


@pytest.mark.parametrize(
    ("room", "line", "fault"),
    [
        ("core", "import click", "click"),
        ("core", "from rich.table import Table", "rich.table"),
        ("core", "from scipy import ndimage", "scipy"),
        ("core", "from pathlib import Path", "pathlib"),
        ("core", "from corrconv.studies.comparing import compare", "corrconv.studies.comparing"),
        ("core", "from corrconv import files", "corrconv.files"),
        ("core", "from corrconv import correlate", "corrconv.correlate"),
        ("core", "import corrconv", "corrconv"),
        ("core", "def later():\n    import PIL.Image", "PIL.Image"),
        ("core", "if TYPE_CHECKING:\n    from corrconv.cli import main", "corrconv.cli"),
        ("studies", "import corrconv.views.tables", "corrconv.views.tables"),
        ("files", "import corrconv.views", "corrconv.views"),
        ("files", "import click", "click"),
        ("views", "from corrconv.files.images import read_image", "corrconv.files.images"),
        ("errors", "import numpy", "numpy"),
    ],
)
def test_a_forbidden_import_is_seen(room, line, fault):
    assert import_faults(room, ast.parse(line)) == [fault]


def test_allowed_imports_are_let_through():
    lines = "import numpy as np\nimport os\nfrom corrconv.core.kernel import Kernel\nfrom corrconv import errors"
    assert import_faults("core", ast.parse(lines)) == []


def test_file_access_and_the_word_mode_are_seen():
    assert file_access(ast.parse("open(a)\nnp.load(b)\nimage.tofile(c)\nbands.load(d)")) == [
        "open",
        "np.load",
        "image.tofile",
    ]
    source = "def pad(image, mode):\n    edge_mode = 1\n    return np.pad(image, mode=modern)\nself.mode"
    assert mode_names(ast.parse(source)) == ["edge_mode", "mode"]
