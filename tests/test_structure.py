"""The rooms of the package: imports point one way, and one word never means two things."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import corrconv

if TYPE_CHECKING:
    from collections.abc import Container

PACKAGE = Path(corrconv.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each room may import: rooms of our own, and packages beside the standard library. The modules of a
# command stand in three of them: its study, its view, and its edge, which alone sees files, click and "commands",
# the modules that all commands share.
OWN_ROOMS = {
    "errors": set(),
    "core": {"core", "errors"},
    "files": {"files", "core", "errors", "__init__"},  # where the samples lie
    "libraries": {"libraries", "files", "core", "errors"},
    "drawing": {"drawing", "core", "errors"},
    "study": {"study", "libraries", "core", "errors"},
    "view": {"view", "study", "drawing", "libraries", "core", "errors"},
    "edge": {"edge", "commands", "study", "view", "drawing", "files", "libraries", "core", "errors", "__init__"},
    "commands": {"edge", "commands", "study", "view", "drawing", "files", "libraries", "core", "errors", "__init__"},
    "__init__": {"study", "files", "core", "errors"},
    "__main__": {"commands"},
    # It shows every answer, and is itself imported by its name only when one is to be shown.
    "notebook": {"study", "view", "drawing", "core", "errors", "__init__"},
}
PACKAGES = {
    "errors": set(),
    "core": {"numpy"},
    "files": {"numpy", "PIL"},
    "libraries": {"numpy", "PIL"},
    "drawing": {"numpy", "PIL", "rich"},
    "study": {"numpy"},
    "view": {"numpy", "PIL", "rich"},
    "edge": {"numpy", "PIL", "rich", "click"},
    "commands": {"numpy", "PIL", "rich", "click"},
    "__init__": set(),
    "__main__": {"click"},
    "notebook": {"numpy", "PIL"},
}
# Packages of an extra: the modules that know them, which import them when they are called.
EXTRAS = {
    "core.lazy": {"dask"},
    "files.stores": {"zarr"},
    "commands.apply.cluster": {"dask", "distributed"},
}
# The parts of a command that bear their word, alone or as the last of several (like_study). The others are what
# their imports make them: a study as long as they import nothing that a study may not.
PARTS = {"study": "study", "view": "view", "command": "edge"}
# No command imports another, but for those that show what others do.
GUESTS = {
    "demo": {"compare", "page", "animate"},
    "page": {"compare", "explain"},
    "animate": {"compare"},
    "__init__": {"compare"},
    "notebook": {"compare", "explain", "laws", "learn", "match", "page"},
}
PURE_ROOMS = ("core", "study")  # arrays in, arrays out
# Words that mean too much or too little, and what is said in their place. A folder or module after them may
# use the word still: for what Pillow, the system or click call so.
FORBIDDEN_WORDS: dict[str, tuple[str, set[str]]] = {
    "mode": (
        "boundary, output size, or whatever it is",
        {"files", "commands/group.py", "libraries"},
    ),
    "told": ("said, known, or what it was", {"files/encoding.py"}),
    "side_by_side": ("shape", {"core/engines/planner.py"}),
    "blame": ("cause", set()),
    "blames": ("causes", set()),
    "blaming": ("compare", set()),
    "claim": ("law, equation", set()),
    "claims": ("laws", set()),
    "subject": ("target", set()),
    "store": ("write, fill, or to_pixels", {"core", "commands"}),
}
LONGEST_MODULE = 400  # lines
# To be split or renamed; whoever does so takes the entry out.
TOO_LONG: set[str] = set()
NAMED_TWICE: set[str] = set()
FILE_MODULES = {"pathlib", "tempfile", "shutil", "glob", "fileinput", "io"}
NUMPY_FILE_CALLS = {"load", "save", "savez", "loadtxt", "savetxt", "genfromtxt", "fromfile", "memmap"}


def room_of(name: str) -> str:
    """The room of a module, by its full name: the folder, or which part of a command it is."""
    parts = name.split(".")[1:] or ["__init__"]
    if parts[0] != "commands" or command_of(name) is None:
        return parts[0]
    part = parts[2].rpartition("_")[2] if len(parts) > 2 else "command"
    return PARTS[part] if part in PARTS else part_of_file(PACKAGE.joinpath(*parts).with_suffix(".py"))


@cache
def part_of_file(module: Path) -> str:
    return part_by_imports(module.parent.name, parse(module))


def part_by_imports(command: str, tree: ast.AST) -> str:
    """The first of study, view and edge that may import what a module does, its own command's modules apart."""
    foreign = [name for name in imported(tree) if command_of(name) != command]
    return next((room for room in ("study", "view") if not any(barred(room, other) for other in foreign)), "edge")


def command_of(name: str) -> str | None:
    """The command whose folder a module lies in."""
    parts = name.split(".")
    in_folder = parts[1:2] == ["commands"] and len(parts) > 2 and (PACKAGE / "commands" / parts[2]).is_dir()
    return parts[2] if in_folder else None


def full_name(module: Path) -> str:
    """The name under which a module is imported."""
    name = ".".join(["corrconv", *module.relative_to(PACKAGE).with_suffix("").parts])
    return name.removesuffix(".__init__") if name != "corrconv.__init__" else name


def imported(tree: ast.AST) -> set[str]:
    """The full names of all modules that are imported, those for type checking and inside functions too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides which room it enters"
            # `from corrconv import core` enters the room as `import corrconv.core` does.
            packages = {"corrconv", "corrconv.commands"}
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= named if node.module in packages else {node.module}
    return names


def barred(room: str, name: str) -> bool:
    """Whether no module of a room may import what bears this name, whichever command it belongs to."""
    top = name.partition(".")[0]
    if top == "corrconv":
        return name != "corrconv.__version__" and room_of(name) not in OWN_ROOMS[room]
    if top in sys.stdlib_module_names:
        return room in PURE_ROOMS and top in FILE_MODULES
    return top not in PACKAGES[room]


def import_faults(module: str, tree: ast.AST) -> list[str]:
    """What a module of this name imports but must not."""
    room, command = room_of(module), command_of(module) or module.rpartition(".")[2]
    allowed = {None, command, *GUESTS.get(command, ())}
    extras = EXTRAS.get(module.partition(".")[2], set())
    names = {name for name in imported(tree) if name.partition(".")[0] not in extras}
    return sorted(name for name in names if barred(room, name) or command_of(name) not in allowed)


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


def forbidden_names(tree: ast.AST, words: Container[str] = FORBIDDEN_WORDS) -> list[str]:
    """The names in which one of the words stands, alone or among others: edge_mode, Blame, side_by_side."""

    def holds(name: str, word: str) -> bool:
        return f"_{word}_" in f"_{name.lower().strip('_')}_"

    return sorted(name for name in names_given(tree) if any(holds(name, word) for word in words))


def words_of(module: Path) -> list[str]:
    """The words that are forbidden in a module."""
    path = by_path(module)
    return [
        word
        for word, (_, still) in FORBIDDEN_WORDS.items()
        if not any(path == place or path.startswith(f"{place}/") for place in still)
    ]


def classes_given(tree: ast.Module) -> list[str]:
    """The names of a module's classes, and of types that bear a name of their own."""
    named = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    hidden = [node for node in tree.body if isinstance(node, ast.If)]
    for node in [*tree.body, *(inner for each in hidden for inner in each.body)]:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                named.append(name)
            case ast.Assign(targets=[ast.Name(id=name)]) if name[:1].isupper() and not name.isupper():
                named.append(name)
    return named


def in_rooms(*rooms: str) -> list[Path]:
    return [module for module in MODULES if room_of(full_name(module)) in rooms]


def by_path(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def test_every_module_stands_in_a_known_room():
    assert {room_of(full_name(module)) for module in MODULES} == OWN_ROOMS.keys()


@pytest.mark.parametrize("module", MODULES, ids=by_path)
def test_imports_point_one_way(module):
    assert import_faults(full_name(module), parse(module)) == []


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_is_imported_when_it_is_called(name):
    tree = parse(PACKAGE / f"{name.replace('.', '/')}.py")
    at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    needed = {package for package in imported(tree) if package.partition(".")[0] in EXTRAS[name]}
    assert needed
    assert not needed & imported(ast.Module(at_once, []))


@pytest.mark.parametrize("module", in_rooms(*PURE_ROOMS), ids=by_path)
def test_core_and_studies_touch_no_file(module):
    assert file_access(parse(module)) == []


def threads_started(tree: ast.AST) -> list[str]:
    """Names by which a module would start threads."""
    starting = {"Thread", "ThreadPoolExecutor", "ThreadPool", "Timer", "start_new_thread"}
    return sorted(
        starting
        & {
            name.id if isinstance(name, ast.Name) else name.attr
            for name in ast.walk(tree)
            if isinstance(name, ast.Name | ast.Attribute)
        }
    )


@pytest.mark.parametrize("module", MODULES, ids=by_path)
def test_only_one_module_starts_threads(module):
    """What starts them must do without where the system starts none."""
    assert threads_started(parse(module)) == [] or by_path(module) == "core/threads.py"


def flags_named(tree: ast.AST) -> list[str]:
    """Options of the command line that stand in texts, where a Python user has none."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [flag for text in texts for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", text)]


@pytest.mark.parametrize("module", in_rooms(*PURE_ROOMS, "errors"), ids=by_path)
def test_core_and_studies_name_no_option_of_the_command_line(module):
    assert flags_named(parse(module)) == []


@pytest.mark.parametrize("module", MODULES, ids=by_path)
def test_no_word_means_two_things(module):
    assert forbidden_names(parse(module), words_of(module)) == []
    assert not set(module.stem.split("_")).intersection(words_of(module))


@pytest.mark.parametrize("word", FORBIDDEN_WORDS)
def test_what_a_word_is_allowed_for_exists(word):
    assert all((PACKAGE / place).exists() for place in FORBIDDEN_WORDS[word][1])


def test_a_class_name_stands_once():
    homes = defaultdict(list)
    for module in MODULES:
        for name in classes_given(parse(module)):
            homes[name].append(by_path(module))
    assert {name for name, modules in homes.items() if len(modules) > 1} == NAMED_TWICE


def test_no_module_is_longer_than_a_reader_bears():
    lengths = {by_path(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {module for module, lines in lengths.items() if lines > LONGEST_MODULE} == TOO_LONG


@pytest.mark.parametrize(
    ("module", "line", "fault"),
    [
        ("core.kernel", "import click", "click"),
        ("core.kernel", "from rich.table import Table", "rich.table"),
        ("core.kernel", "from scipy import ndimage", "scipy"),
        ("core.kernel", "from pathlib import Path", "pathlib"),
        ("core.kernel", "from corrconv.commands.compare.study import compare", "corrconv.commands.compare.study"),
        ("core.kernel", "from corrconv import files", "corrconv.files"),
        ("core.kernel", "from corrconv import correlate", "corrconv.correlate"),
        ("core.kernel", "import corrconv", "corrconv"),
        ("core.kernel", "def later():\n    import PIL.Image", "PIL.Image"),
        ("core.kernel", "if TYPE_CHECKING:\n    from corrconv.commands import main", "corrconv.commands.main"),
        ("commands.laws.study", "import corrconv.drawing.console", "corrconv.drawing.console"),
        ("commands.laws.study", "import corrconv.commands.laws.view", "corrconv.commands.laws.view"),
        ("commands.laws.study", "import corrconv.commands.learn.study", "corrconv.commands.learn.study"),
        ("commands.laws.view", "import corrconv.commands.learn.study", "corrconv.commands.learn.study"),
        ("commands.laws.command", "import corrconv.commands.learn.view", "corrconv.commands.learn.view"),
        ("commands.laws.view", "from corrconv.files.images import read_image", "corrconv.files.images"),
        (
            "commands.spectrum.study",
            "import corrconv.commands.spectrum.pictures",
            "corrconv.commands.spectrum.pictures",
        ),
        ("commands.layer.view", "import corrconv.commands.layer.parse", "corrconv.commands.layer.parse"),
        ("commands.diagnose.evidence", "import corrconv.commands.diagnose.view", "corrconv.commands.diagnose.view"),
        ("commands.diagnose.evidence", "import corrconv.commands.show", "corrconv.commands.show"),
        ("commands.options", "import corrconv.commands.learn.view", "corrconv.commands.learn.view"),
        ("drawing.console", "import corrconv.commands.laws.study", "corrconv.commands.laws.study"),
        ("files.images", "import corrconv.drawing", "corrconv.drawing"),
        ("files.images", "import click", "click"),
        ("errors", "import numpy", "numpy"),
    ],
)
def test_a_forbidden_import_is_seen(module, line, fault):
    assert import_faults(f"corrconv.{module}", ast.parse(line)) == [fault]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("import numpy as np", "study"),
        ("from corrconv.libraries.registry import FUNCTIONS\nimport corrconv.commands.laws.view", "study"),
        ("from corrconv.drawing import cells", "view"),
        ("import rich.table", "view"),
        ("def later():\n    from PIL import Image", "view"),
        ("import click", "edge"),
        ("from corrconv.commands.options import json_option", "edge"),
        ("if TYPE_CHECKING:\n    from corrconv.files.images import Picture", "edge"),
    ],
)
def test_the_imports_of_a_module_say_which_part_of_its_command_it_is(line, part):
    assert part_by_imports("laws", ast.parse(line)) == part


def test_allowed_imports_are_let_through():
    lines = "import numpy as np\nimport os\nfrom corrconv.core.kernel import Kernel\nfrom corrconv import errors"
    assert import_faults("corrconv.core.layout", ast.parse(lines)) == []
    assert import_faults("corrconv.commands.demo.command", ast.parse("import corrconv.commands.compare.view")) == []


def test_file_access_forbidden_words_and_classes_are_seen():
    assert file_access(ast.parse("open(a)\nnp.load(b)\nimage.tofile(c)\nbands.load(d)")) == [
        "open",
        "np.load",
        "image.tofile",
    ]
    assert threads_started(ast.parse("threading.Thread(target=f)\nwith ThreadPoolExecutor() as p: ...")) == [
        "Thread",
        "ThreadPoolExecutor",
    ]
    assert flags_named(ast.parse("raise CorrconvError(f'{name} sums to 0; use --scale or a -- b')")) == ["--scale"]
    source = "def pad(image, mode):\n    edge_mode = 1\n    return np.pad(image, mode=modern)\nself.mode"
    assert forbidden_names(ast.parse(source)) == ["edge_mode", "mode"]
    assert forbidden_names(ast.parse("class _Claim: ...\nside_by_side = reclaim = restore = 1")) == [
        "_Claim",
        "side_by_side",
    ]
    aliases = (
        "class A: ...\nif TYPE_CHECKING:\n    Bb = C\nD: TypeAlias = int\nE_F = 1\ng = 2\ndef f():\n    class H: ..."
    )
    assert sorted(classes_given(ast.parse(aliases))) == ["A", "Bb", "D", "H"]
