"""What a port comes from and goes to: kernels that functions make by themselves are found out here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.kernel import Kernel
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError, KernelError
from corrconv.libraries.own_kernel import REAL, DerivativeRule, Gaussian, GaussianRule, MagnitudeRule, gaussian_of
from corrconv.libraries.registry import own_kernel_functions

if TYPE_CHECKING:
    from corrconv.core.convention.model import Convention
    from corrconv.libraries.function import LibraryFunction, Settings

# Named kernels that leave the axis to the function where it is not said.
WITH_AXIS = ("sobel", "scharr", "prewitt")
NAMED = (*(f"{name}{axis}" for name in WITH_AXIS for axis in ("", ":axis=y")), "laplacian")


@dataclass(frozen=True, kw_only=True)
class PortSource:
    """Where a port starts: a function with all its settings, the kernel that it applies, and what it makes of it.

    gaussian: the sigma and size of the blur that it is, or comes nearest to. note: how what was left open was decided.
    """

    function: LibraryFunction
    settings: Settings
    kernel: Kernel
    convention: Convention
    gaussian: Gaussian | None = None
    note: str = ""


def resolve(
    kernel: Kernel,
    source: tuple[LibraryFunction, Settings],
    destination: tuple[LibraryFunction, Settings],
    dtype: str,
    *,
    exact: bool = False,
) -> tuple[PortSource, Settings]:
    """What a named kernel is at the source, and the settings that make the destination make the same kernel.

    dtype: of the images, on which a blur's size may depend, and for exact the weights too. Raises CorrconvError.
    """
    found = resolve_source(kernel, *source, dtype, exact=exact)
    settings = _destination_settings(found, *destination)
    if settings is None and kernel.name in WITH_AXIS and not set(source[1]) & {"dx", "dy", "axis", "output"}:
        other = _of_other_axis(found, *source, dtype, exact=exact)
        settings = _destination_settings(other, *destination) if other else None
        if other is not None and settings is not None:
            return replace(other, note=_note(kernel)), settings
    if settings is None:
        function, name, remedy = destination[0], found.convention.name, _makes(destination[0], found.kernel)
        raise CorrconvError(f"{function.name} makes no kernel like that of {name}, even times a factor; {remedy}")
    return found, settings


def resolve_source(
    kernel: Kernel, function: LibraryFunction, given: Settings, dtype: str, *, exact: bool = False
) -> PortSource:
    """The kernel and the convention of a function with these settings. Raises CorrconvError."""
    match function.own:
        case None:
            return _source(function, given, kernel)
        case GaussianRule() as rule:
            settings = rule.settings(_named_gaussian(kernel, function), given, dtype)
            said = rule.read(settings)
            own = rule.kernel(settings, dtype if exact else REAL).named(kernel.name)
            return _source(function, settings, own, rule.nearest(said, dtype))
        case DerivativeRule() as rule:
            chosen = rule.settings(kernel, given)
            if chosen is None and kernel.name in NAMED and set(given) & set(rule.names):
                chosen = rule.settings(None, given)
            if chosen is not None:
                return _source(function, chosen, rule.kernel(chosen).named(kernel.name))
            if kernel.name in WITH_AXIS and (chosen := rule.settings(_transposed(kernel), given)) is not None:
                return replace(_source(function, chosen, rule.kernel(chosen).named(kernel.name)), note=_note(kernel))
        case MagnitudeRule() as rule:
            rule.kernel(given)
    raise CorrconvError(
        f"{function.name} makes its kernel by itself, and none like {kernel.name}; {_makes(function, kernel)}"
    )


def _note(kernel: Kernel) -> str:
    return f"{kernel.name} without an axis is taken as {kernel.name}:axis=y, the only one that both make."


def _source(
    function: LibraryFunction, settings: Settings, kernel: Kernel, gaussian: Gaussian | None = None
) -> PortSource:
    convention = replace(function.configured(settings), name=_titled(function, settings))
    return PortSource(function=function, settings=settings, kernel=kernel, convention=convention, gaussian=gaussian)


def _titled(function: LibraryFunction, settings: Settings) -> str:
    words = (f"{name}={_short(value)}" for name, value in settings.items())
    return " ".join([function.name, *words])


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace(", ", ",")


def _of_other_axis(
    found: PortSource, function: LibraryFunction, given: Settings, dtype: str, *, exact: bool
) -> PortSource | None:
    other = _transposed(found.kernel).named(found.kernel.name)
    try:
        return resolve_source(other, function, given, dtype, exact=exact)
    except CorrconvError:
        return None


def _transposed(kernel: Kernel) -> Kernel:
    return Kernel(kernel.weights.T, name=f"{kernel.name}:axis=y")


def _makes(function: LibraryFunction, wanted: Kernel) -> str:
    """The function of the same library that makes a kernel, or else what this one makes, as a remedy."""
    library = function.name.rpartition(".")[0]
    for name, other in own_kernel_functions().items():
        alike = isinstance(other.own, DerivativeRule) and other.own.settings(wanted, {}) is not None
        if alike and name.rpartition(".")[0] == library:
            return f"{name} makes it"
    rule = function.own
    made = [
        name for name in NAMED if isinstance(rule, DerivativeRule) and rule.settings(zoo_kernel(name), {}) is not None
    ]
    own = f"it makes {' and '.join(made)}; " if made else ""
    return f"{own}scipy.ndimage.correlate takes any kernel"


def _destination_settings(source: PortSource, function: LibraryFunction, given: Settings) -> Settings | None:
    """The settings of the destination, or None where it makes no such kernel. Raises CorrconvError."""
    laid = Kernel(source.convention.orientation.of_weights(source.kernel.weights), name=source.kernel.name)
    match function.own:
        case GaussianRule() as rule:
            gaussian = source.gaussian or gaussian_of(laid)
            if gaussian is None:
                raise CorrconvError(
                    f"{function.name} makes Gaussians only, and {laid.name} is none with odd, equal sides;"
                    " port to a function that takes a kernel, such as scipy.ndimage.correlate"
                )
            if source.function.own is rule:
                gaussian = rule.read(source.settings)
            return rule.settings(gaussian, given, REAL)
        case DerivativeRule() as rule:
            return rule.settings(laid, given)
        case MagnitudeRule() as rule:
            rule.kernel(given)
    return given


def _named_gaussian(kernel: Kernel, function: LibraryFunction) -> Gaussian:
    """The sigma and the size that a kernel says, None for what its name leaves open. Raises CorrconvError."""
    if _is_gaussian_of_the_zoo(kernel):
        parameters = kernel.name.partition(":")[2].split(",")
        said = dict(parameter.split("=") for parameter in parameters if parameter)
        sigma, size = said.get("sigma"), said.get("size", "auto")
        return Gaussian(float(sigma) if sigma else None, None if size == "auto" else int(size))
    found = gaussian_of(kernel)
    if found is None:
        raise CorrconvError(
            f"{function.name} makes a Gaussian by itself, and {kernel.name} is none; name one, such as gaussian:sigma=2"
        )
    return found


def _is_gaussian_of_the_zoo(kernel: Kernel) -> bool:
    """Whether it is what its name says, and no file of that name."""
    if kernel.name.partition(":")[0] != "gaussian":
        return False
    try:
        return np.array_equal(zoo_kernel(kernel.name).weights, kernel.weights)
    except KernelError:
        return False
