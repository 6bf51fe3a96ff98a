"""The command `corrconv`, also as `python -m corrconv`."""

import os
import sys


def main() -> None:
    """Run the command line."""
    # Our own threads share out the image; BLAS threads on top of them make it 2 to 3 times slower,
    # and NumPy reads these variables only once, when it is imported. A user's own setting wins.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")

    # A stream of another encoding gets a ? for a sign such as ≠, rather than a traceback.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]

    from corrconv.commands.group import corrconv  # noqa: PLC0415  (after the variables are set)

    corrconv(prog_name="corrconv")


if __name__ == "__main__":
    main()
