"""The command `corrconv`, also as `python -m corrconv`."""

import os
import sys


def main() -> None:
    """Run the command line."""
    # Our own threads share out the image; BLAS threads on top of them make it 2 to 3 times slower,
    # and NumPy reads these variables only once, when it is imported. A user's own setting wins.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        _run()
    except KeyboardInterrupt:  # while the command line was still being imported
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


def _run() -> None:
    import warnings  # noqa: PLC0415  (each import before is time in which Python answers Ctrl-C with a traceback)

    from corrconv.commands.exit_status import (  # noqa: PLC0415  (after the variables are set)
        DEBUG_VARIABLE,
        end_cleanly_on_signals,
        own_standard_error,
        own_standard_output,
    )
    from corrconv.commands.group import corrconv  # noqa: PLC0415

    end_cleanly_on_signals()
    own_standard_error()
    if not os.environ.get(DEBUG_VARIABLE):
        # What a library warns its developers of is no message to our users; tests make them errors.
        warnings.simplefilter("ignore")
    own_standard_output()
    # A stream of another encoding gets a ? for a sign such as ≠, rather than a traceback.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    corrconv(prog_name="corrconv")


if __name__ == "__main__":
    main()
