"""The public Python API: its names, and the examples in their docstrings, which are run."""

from __future__ import annotations

import doctest

import pytest

import corrconv

# Their docstrings are those of their own feature.
WITHOUT_EXAMPLE = {"layer", "layer_gradients"}


def test_the_public_names_are_those_of_the_design():
    assert {"CorrconvError", "Kernel", "compare", "convolve", "correlate", "load_kernel"} <= set(corrconv.__all__)
    assert corrconv.__all__ == sorted(corrconv.__all__)
    assert set(corrconv.__all__) <= set(dir(corrconv))


@pytest.mark.parametrize("name", corrconv.__all__)
def test_the_example_in_a_docstring_gives_what_it_says(name):
    thing = getattr(corrconv, name)
    found = [test for test in doctest.DocTestFinder(recurse=False).find(thing, name) if test.examples]
    assert found or name in WITHOUT_EXAMPLE
    for test in found:
        assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("name", ["compare", "convolve", "correlate", "load_kernel"])
def test_a_docstring_names_every_parameter_and_the_result(name):
    thing = getattr(corrconv, name)
    code = thing.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    assert all(parameter in thing.__doc__ for parameter in names)
    assert "Returns\n" in thing.__doc__
