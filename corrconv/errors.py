"""The one family of errors: each message gives the facts and a remedy, in one line."""

from __future__ import annotations


class CorrconvError(Exception):
    """Trouble that the user can mend; the command line prints it and ends with status 2.

    Examples
    --------
    >>> from corrconv import CorrconvError, correlate
    >>> try:
    ...     correlate([[1, 2]], [[1, 2, 3]], output_size="valid")
    ... except CorrconvError as error:
    ...     print(error)
    the kernel spans 3 pixels where the image has 2, so output size 'valid' leaves nothing; use 'same' or 'full'
    """


class InputTypeError(CorrconvError, TypeError):
    """Numbers of a kind that corrconv does not filter, such as complex ones."""


class KernelError(CorrconvError):
    """A kernel that cannot be read, or that cannot do what was asked of it."""


class NotationError(KernelError):
    """Text that is not a kernel: where, what stood there, and what was expected."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem

    def __reduce__(self) -> tuple[type[NotationError], tuple[str, str]]:
        # By its parts, as it is made: an error of a worker travels to whoever waits for it.
        return type(self), (self.where, self.problem)


class FileError(CorrconvError):
    """A file that cannot be read or written."""
