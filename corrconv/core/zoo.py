"""The zoo: named kernels with their parameters, their source and the operation they are meant for.

`zoo_kernel("gaussian:sigma=2,size=9")` makes one; `ZOO` lists them in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from corrconv.core import formulas
from corrconv.core.kernel import Kernel
from corrconv.core.notation.numbers import nearest_float, quoted, read_number, write_number
from corrconv.core.terms import Operation
from corrconv.errors import KernelError

Value = int | float | str | None


@dataclass(frozen=True)
class Parameter:
    """One parameter of a zoo kernel: a whole number, a number or a word, and what it may be.

    kind: int, float or str; default None means that the kernel finds the value itself. bare: the value
    may stand without the parameter's name, as in letter:F, and is written so.
    lowest, highest: the range of numbers; odd: whole numbers must be odd; choices: the only values.
    """

    name: str
    kind: type[int] | type[float] | type[str]
    default: Value
    meaning: str
    lowest: float = 0
    highest: float = 0
    odd: bool = False
    choices: tuple[int | str, ...] = ()
    bare: bool = False

    def written(self, value: Value) -> str:
        """The parameter with a value, as it can be typed; `auto` marks what follows from others."""
        text = "auto" if value is None else write_number(value) if isinstance(value, float) else str(value)
        return text if self.bare else f"{self.name}={text}"

    @property
    def expected(self) -> str:
        """What it may be, in words, such as `an odd whole number from 1 to 1001`."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        kind = "a number" if self.kind is float else "an odd whole number" if self.odd else "a whole number"
        found_by_itself = ", or auto" if self.default is None else ""
        return f"{kind} from {self.lowest:g} to {self.highest:g}{found_by_itself}"

    def read(self, text: str) -> Value:
        """The value that a text stands for. Raises ValueError if it is none that is allowed."""
        if self.default is None and text == "auto":
            return None
        if self.kind is str:
            if text not in self.choices:
                raise ValueError
            return text
        number = nearest_float(read_number(text))
        if self.kind is float:
            if not self.lowest <= number <= self.highest:
                raise ValueError
            return number
        if not number.is_integer() or (self.odd and number % 2 == 0):
            raise ValueError
        allowed = number in self.choices if self.choices else self.lowest <= number <= self.highest
        if not allowed:
            raise ValueError
        return int(number)


@dataclass(frozen=True)
class ZooEntry:
    """A named kernel: what it does, its parameters, where it comes from.

    operation: the one that its sign or orientation is written for, or None where both do the same
    or the same up to what the description says.
    """

    name: str
    description: str
    source: str
    build: Callable[..., formulas.Weights]
    parameters: tuple[Parameter, ...] = ()
    operation: Operation | None = None

    @property
    def signature(self) -> str:
        """The name with every parameter and default, as it can be typed."""
        settings = (parameter.written(parameter.default) for parameter in self.parameters)
        return ":".join(filter(None, (self.name, ",".join(settings))))

    def kernel(self, settings: Mapping[str, str]) -> Kernel:
        """The kernel for some parameters given as text, the others at their defaults.

        Raises KernelError for a name it does not have or a value that is not allowed.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        values = {parameter.name: parameter.default for parameter in self.parameters}
        for name, text in settings.items():
            if name not in known:
                raise KernelError(
                    f"{self.name} has no parameter {quoted(name)}{_did_you_mean(name, known)}; {self._parameter_names}"
                )
            try:
                values[name] = known[name].read(text)
            except ValueError:
                raise KernelError(
                    f"{self.name}: {name}={text} is not allowed; {name} is {known[name].expected}"
                ) from None
        given = ",".join(known[name].written(values[name]) for name in known if name in settings)
        try:
            return Kernel(self.build(**values), name=":".join(filter(None, (self.name, given))), source=self.source)
        except KernelError as error:
            raise KernelError(f"{self.name}:{given}: {error}") from None

    @property
    def _parameter_names(self) -> str:
        names = ", ".join(parameter.name for parameter in self.parameters)
        return f"its parameters are {names}" if names else "it has none"


# What people call kernels that bear another name here.
OTHER_WORDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("blur", "smooth", "smoothing", "lowpass"): ("box", "gaussian"),
    ("mean", "average", "averaging", "uniform"): ("box", "gaussian"),
    ("edge", "edges", "gradient", "derivative"): ("sobel", "laplacian"),
    ("sharp", "highpass"): ("sharpen", "unsharp"),
    ("delta", "impulse", "dirac", "nothing", "none"): ("identity",),
    ("relief", "bump"): ("emboss",),
    ("translate", "move"): ("shift",),
}


def zoo_kernel(text: str) -> Kernel:
    """The named kernel of a text such as `sobel` or `gaussian:sigma=2,size=9`.

    Raises KernelError for a name, a parameter or a value that the zoo does not have.
    """
    name, colon, settings = text.strip().partition(":")
    if name not in ZOO:
        remedy = _other_words(name) or _did_you_mean(name, ZOO) or f"; the zoo has {', '.join(ZOO)}"
        raise KernelError(f"there is no kernel called {quoted(name)}{remedy}")
    return ZOO[name].kernel(_read_settings(ZOO[name], settings) if colon else {})


def _read_settings(entry: ZooEntry, text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    bare = next((parameter.name for parameter in entry.parameters if parameter.bare), None)
    for setting in text.split(","):
        name, equals, value = (part.strip() for part in setting.partition("="))
        if name and not equals and bare is not None:
            name, equals, value = bare, "=", name
        if not (name and equals and value):
            raise KernelError(
                f"{entry.name}: {quoted(setting.strip())} is not PARAMETER=VALUE; write it as in {entry.signature}"
            )
        if name in settings:
            raise KernelError(f"{entry.name}: {name} is given twice; give it once")
        settings[name] = value
    return settings


def _other_words(name: str) -> str:
    meant = next((names for words, names in OTHER_WORDS.items() if name.lower() in words), None)
    return f"; did you mean {' or '.join(meant)}?" if meant else ""


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word.lower(), known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _size(default: int | None, meaning: str, *, lowest: int = 1, odd: bool = True) -> Parameter:
    return Parameter("size", int, default, meaning, lowest=lowest, highest=formulas.LARGEST_SIDE, odd=odd)


def _sigma(default: float) -> Parameter:
    return Parameter("sigma", float, default, "standard deviation in pixels", lowest=0.1, highest=1000)


def _amount(meaning: str) -> Parameter:
    return Parameter("amount", float, 1.0, meaning, lowest=0, highest=1000)


def _angle(name: str, meaning: str) -> Parameter:
    return Parameter(name, float, 0.0, meaning, lowest=-360, highest=360)


def _offset(name: str, default: int, meaning: str) -> Parameter:
    reach = formulas.LARGEST_SIDE // 2
    return Parameter(name, int, default, meaning, lowest=-reach, highest=reach)


_AXIS = Parameter("axis", str, "x", "x: grows to the right; y: grows downwards", choices=("x", "y"))
_NEIGHBOURS = Parameter("neighbours", int, 4, "4: beside and above; 8: the corners too", choices=(4, 8))
_DIAGONAL = Parameter(
    "diagonal",
    str,
    "falling",
    "falling: from the upper left; rising: from the upper right",
    choices=("falling", "rising"),
)
_DIRECTION = Parameter("direction", str, "n", "where the brighter side lies", choices=formulas.COMPASS)

ZOO: Mapping[str, ZooEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            ZooEntry(
                "identity",
                "Leaves the picture as it is",
                "the unit impulse",
                formulas.identity,
                (_size(3, "side"),),
            ),
            ZooEntry(
                "shift",
                "Moves the picture by dy rows down and dx columns to the right; correlation moves it the other way",
                "the shifted unit impulse",
                formulas.shift,
                (_offset("dy", 0, "rows downwards"), _offset("dx", 1, "columns to the right")),
                Operation.CONVOLUTION,
            ),
            ZooEntry(
                "box",
                "Blurs by the plain mean",
                "the moving average",
                formulas.box,
                (_size(3, "side; an even one has no middle cell", odd=False),),
            ),
            ZooEntry(
                "gaussian",
                "Blurs by a Gaussian",
                "C. F. Gauss, 1809",
                formulas.gaussian,
                (_sigma(1.0), _size(None, "side; 2 * ceil(3 * sigma) + 1 by default", odd=False)),
            ),
            ZooEntry(
                "binomial",
                "Blurs by whole numbers close to a Gaussian",
                "Pascal's triangle; B. Jähne, Digital Image Processing, 1991",
                formulas.binomial,
                (_size(3, "side; sigma is sqrt(size - 1) / 2", odd=False),),
            ),
            ZooEntry(
                "sharpen",
                "Sharpens: the picture minus its Laplacian",
                "R. C. Gonzalez and R. E. Woods, Digital Image Processing, 1992",
                formulas.sharpen,
                (_amount("how much of the Laplacian"), _NEIGHBOURS),
            ),
            ZooEntry(
                "unsharp",
                "Sharpens: the picture plus what a Gaussian blur takes away",
                "the darkroom's unsharp mask; R. C. Gonzalez and R. E. Woods, Digital Image Processing, 1992",
                formulas.unsharp,
                (_sigma(1.0), _amount("how much of the detail"), _size(None, "side; as that of gaussian by default")),
            ),
            ZooEntry(
                "laplacian",
                "Second derivative in all directions; negative in the middle",
                "P.-S. Laplace, 1782; the five-point and nine-point differences",
                formulas.laplacian,
                (_NEIGHBOURS,),
            ),
            ZooEntry(
                "log",
                "Laplacian of a Gaussian: blobs and edges of one scale; negative in the middle",
                "D. Marr and E. Hildreth, Theory of Edge Detection, 1980; sum 0 as in MATLAB's fspecial",
                formulas.laplacian_of_gaussian,
                (_sigma(1.4), _size(None, "side; 2 * ceil(4 * sigma) + 1 by default")),
            ),
            ZooEntry(
                "dog",
                "Difference of two Gaussians: blobs of one scale; positive in the middle",
                "D. Marr and E. Hildreth, Theory of Edge Detection, 1980",
                formulas.difference_of_gaussians,
                (
                    _sigma(1.0),
                    Parameter("ratio", float, 1.6, "how many times wider the second is", lowest=1.01, highest=100),
                    _size(None, "side; 2 * ceil(3 * ratio * sigma) + 1 by default"),
                ),
            ),
            ZooEntry(
                "sobel",
                "Derivative with binomial smoothing; convolution changes its sign",
                "I. Sobel and G. Feldman, 1968; larger sizes as OpenCV's getDerivKernels",
                formulas.sobel,
                (_AXIS, Parameter("size", int, 3, "side", lowest=3, highest=31, odd=True)),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "prewitt",
                "Derivative with even smoothing; convolution changes its sign",
                "J. M. S. Prewitt, Object Enhancement and Extraction, 1970",
                formulas.prewitt,
                (_AXIS,),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "scharr",
                "Derivative that answers alike in all directions; convolution changes its sign",
                "H. Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung, 2000",
                formulas.scharr,
                (_AXIS,),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "roberts",
                "Diagonal difference, the upper cell minus the lower; 2x2, so the operations also differ by a pixel",
                "L. G. Roberts, Machine Perception of Three-Dimensional Solids, 1963",
                formulas.roberts,
                (_DIAGONAL,),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "kirsch",
                "Compass edge: strongest where the direction is brighter",
                "R. A. Kirsch, 1971",
                formulas.kirsch,
                (_DIRECTION,),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "robinson",
                "Compass edge with Sobel's weights; convolution changes its sign",
                "G. S. Robinson, Edge Detection by Compass Gradient Masks, 1977",
                formulas.robinson,
                (_DIRECTION,),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "emboss",
                "Relief: the picture plus its slope towards the direction",
                "the GIMP manual's convolution matrix (direction=se)",
                formulas.emboss,
                (
                    Parameter(
                        "direction", str, "se", "where brighter pixels raise the relief", choices=formulas.COMPASS
                    ),
                ),
                Operation.CORRELATION,
            ),
            ZooEntry(
                "motion",
                "Blurs along a line, as a moving camera does",
                "a line anti-aliased by distance, in the manner of MATLAB's fspecial",
                formulas.motion,
                (
                    Parameter("length", float, 9.0, "length in pixels", lowest=1, highest=formulas.LARGEST_SIDE - 1),
                    _angle("angle", "direction in degrees, counterclockwise from the right"),
                ),
            ),
            ZooEntry(
                "gabor",
                "A wave under a Gaussian: stripes of one width and direction; OpenCV keeps its half-turn",
                "D. Gabor, 1946; J. G. Daugman, 1985",
                formulas.gabor,
                (
                    _sigma(2.0),
                    Parameter("wavelength", float, 4.0, "pixels from crest to crest", lowest=0.1, highest=1000),
                    _angle("angle", "where the wave travels, in degrees counterclockwise from the right"),
                    _angle("phase", "0: even, a crest in the middle; 90: odd, a zero there"),
                    Parameter("aspect", float, 0.5, "below 1: longer along the stripes", lowest=0.1, highest=10),
                    _size(None, "side; 2 * ceil(3 * sigma / min(1, aspect)) + 1 by default"),
                ),
                Operation.CONVOLUTION,
            ),
            ZooEntry(
                "letter",
                "A letter, to see the half-turn: an impulse gives it back by convolution, turned by correlation",
                "drawn for corrconv in 5x5 cells",
                formulas.letter,
                (
                    Parameter(
                        "letter",
                        str,
                        "F",
                        "which; H, N, S, X and Z are half-turns of themselves",
                        choices=tuple(formulas.LETTERS),
                        bare=True,
                    ),
                ),
                Operation.CONVOLUTION,
            ),
        )
    }
)
