"""The zoo against the sources that it names, and its parameters against slips of the keyboard."""

from __future__ import annotations

import re

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrconv.core.formulas import COMPASS, LARGEST_SIDE, LETTERS
from corrconv.core.terms import Operation, Symmetry
from corrconv.core.zoo import ZOO, zoo_kernel
from corrconv.errors import KernelError

IN_ORDER = [
    *("identity", "shift", "box", "gaussian", "binomial", "sharpen", "unsharp", "laplacian", "log", "dog"),
    *("sobel", "prewitt", "scharr", "roberts", "kirsch", "robinson", "emboss", "motion", "gabor", "letter"),
]
STEPS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # row, column


def weights(text):
    return zoo_kernel(text).weights


def cells(text):
    """The whole numbers of a kernel, times its divisor where it has one."""
    form = zoo_kernel(text).integer_form
    assert form is not None, text
    return form[0].tolist()


def test_names_come_in_a_fixed_order():
    assert list(ZOO) == IN_ORDER
    assert [entry.name for entry in ZOO.values()] == IN_ORDER


@pytest.mark.parametrize("entry", ZOO.values(), ids=ZOO)
def test_every_entry_can_be_typed_with_its_defaults_and_says_where_it_comes_from(entry):
    bare, spelled_out = zoo_kernel(entry.name), zoo_kernel(entry.signature)
    assert np.array_equal(bare.weights, spelled_out.weights)
    assert bare.name == entry.name
    assert bare.source == entry.source != ""
    assert entry.description
    assert "\n" not in entry.description


@pytest.mark.parametrize("entry", ZOO.values(), ids=ZOO)
def test_an_entry_names_its_operation_exactly_if_the_two_differ(entry):
    coincides = zoo_kernel(entry.name).symmetry() == Symmetry.POINT_SYMMETRIC
    assert coincides == (entry.operation is None) or entry.name == "gabor"  # odd at other phases


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
        ("identity:size=1", [[1]]),
        ("shift", [[0, 0, 1]]),
        ("shift:dy=1,dx=-2", [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]),
        ("shift:dy=0,dx=0", [[1]]),
        ("box", [[1, 1, 1]] * 3),
        ("box:size=2", [[1, 1], [1, 1]]),
        ("binomial", [[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
        ("binomial:size=2", [[1, 1], [1, 1]]),
        ("binomial:size=5", np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]).tolist()),
        ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("sharpen:neighbours=8", [[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]]),
        ("sharpen:amount=0.5", [[0, -1, 0], [-1, 6, -1], [0, -1, 0]]),  # over 2
        ("laplacian", [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        ("laplacian:neighbours=8", [[1, 1, 1], [1, -8, 1], [1, 1, 1]]),
        ("sobel", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
        ("sobel:axis=y", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
        ("prewitt", [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
        ("prewitt:axis=y", [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
        ("scharr", [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]),
        ("roberts", [[1, 0], [0, -1]]),
        ("roberts:diagonal=rising", [[0, 1], [-1, 0]]),
        ("kirsch", [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]]),
        ("kirsch:direction=nw", [[5, 5, -3], [5, 0, -3], [-3, -3, -3]]),
        ("kirsch:direction=e", [[-3, -3, 5], [-3, 0, 5], [-3, -3, 5]]),
        ("robinson", [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]),
        ("robinson:direction=sw", [[0, -1, -2], [1, 0, -1], [2, 1, 0]]),
        ("emboss", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
        ("motion:length=5", [[1, 1, 1, 1, 1]]),
        ("motion:length=4", [[1, 2, 2, 2, 1]]),  # half cells at both ends, over 8
        ("motion:length=3,angle=90", [[1], [1], [1]]),
        ("motion:length=3,angle=-180", [[1, 1, 1]]),
        ("motion:length=1,angle=33", [[1]]),
        ("letter:F", [[1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]),
    ],
)
def test_whole_number_kernels(text, expected):
    assert cells(text) == expected


@pytest.mark.parametrize("text", ["box:size=4", "binomial:size=7", "gaussian:sigma=3", "unsharp", "motion:angle=30"])
def test_blurs_and_sharpeners_sum_to_one(text):
    assert weights(text).sum() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("text", ["laplacian", "log", "dog", "sobel:size=7", "kirsch", "log:sigma=3,size=9"])
def test_derivatives_sum_to_zero(text):
    assert weights(text).sum() == pytest.approx(0, abs=1e-15)


SYMMETRIC = ["box", "gaussian", "binomial", "unsharp", "log", "dog"]


@given(st.sampled_from(SYMMETRIC), st.integers(0, 30), st.sampled_from(["0.7", "1", "2.345", "9"]))
def test_symmetric_kernels_are_symmetric_to_the_last_bit(name, half, sigma):
    sigma = f",sigma={sigma}" if name not in ("box", "binomial") else ""
    found = weights(f"{name}:size={2 * half + 1}{sigma}")
    assert np.array_equal(found, found.T)
    assert np.array_equal(found, found[::-1])
    assert np.array_equal(found, found[:, ::-1])


@given(st.integers(-360, 360), st.integers(1, 40))
def test_motion_is_point_symmetric_to_the_last_bit(angle, length):
    found = weights(f"motion:length={length},angle={angle}")
    assert np.array_equal(found, found[::-1, ::-1])
    assert found.sum() == pytest.approx(1)
    assert found.any(axis=0).all()  # no empty columns or rows around it
    assert found.any(axis=1).all()


@pytest.mark.parametrize("angle", [20, 45, 70])
def test_motion_counts_angles_counterclockwise(angle):
    """Between the right and the top: the line enters at the lower left and leaves at the upper right."""
    found = weights(f"motion:length=9,angle={angle}")
    rows, columns = found.shape
    assert found[: rows // 2, columns // 2 + 1 :].sum() > 0.25
    assert found[: rows // 2, : columns // 2].sum() < 0.05


def test_motion_fades_by_the_distance_from_the_line_and_its_ends():
    """A line of length 3 at 45 degrees ends 1 from the middle; the corner is sqrt(2) along it."""
    found = weights("motion:length=3,angle=45")
    assert found[0, 2] / found[1, 1] == pytest.approx(1 - (np.sqrt(2) - 1))
    assert found[0, 1] / found[1, 1] == pytest.approx(1 - np.sqrt(1 / 2))
    assert found[0, 0] == 0


@given(st.integers(-360, 360))
def test_gabor_is_even_or_odd_to_the_last_bit(angle):
    even, odd = weights(f"gabor:angle={angle}"), weights(f"gabor:angle={angle},phase=90")
    assert np.array_equal(even, even[::-1, ::-1])
    assert np.array_equal(odd, -odd[::-1, ::-1])


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("gaussian:sigma=1", 7),
        ("gaussian:sigma=1.1", 9),
        ("gaussian:sigma=2", 13),
        ("unsharp:sigma=2", 13),
        ("log:sigma=1.4", 13),
        ("dog:sigma=1,ratio=2", 13),
        ("gabor:sigma=2,aspect=1", 13),
        ("gabor:sigma=2,aspect=0.5", 25),
        ("gaussian:sigma=2,size=4", 4),
        (f"box:size={LARGEST_SIDE}", LARGEST_SIDE),
    ],
)
def test_size_follows_from_sigma_unless_given(text, side):
    assert zoo_kernel(text).shape == (side, side)


def test_extreme_parameters_stay_finite():
    assert weights("gaussian:sigma=0.1,size=2").tolist() == [[0.25, 0.25], [0.25, 0.25]]
    assert weights("gaussian:sigma=0.1,size=1001")[500, 500] == 1
    assert weights("gaussian:sigma=1000,size=3") == pytest.approx(np.full((3, 3), 1 / 9), abs=1e-6)
    assert weights("binomial:size=1001").sum() == pytest.approx(1)


# --- what the operation does with them --------------------------------------------------------


def step_of_impulse(kernel, operation):
    """Where an impulse in the middle of a 9x9 image goes: rows down, columns to the right."""
    image = np.zeros((9, 9))
    image[4, 4] = 1
    filtered = {Operation.CORRELATION: oracle.correlate, Operation.CONVOLUTION: oracle.convolve}[operation]
    result = filtered(image.tolist(), kernel.weights.tolist())
    return tuple((np.argwhere(result)[0] - 4).tolist())


def test_shift_goes_where_it_says_under_its_operation():
    kernel = zoo_kernel("shift:dy=-1,dx=3")
    assert ZOO["shift"].operation == Operation.CONVOLUTION
    assert step_of_impulse(kernel, Operation.CONVOLUTION) == (-1, 3)
    assert step_of_impulse(kernel, Operation.CORRELATION) == (1, -3)


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr"])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_derivatives_grow_along_their_axis_under_correlation(name, axis):
    ramp = np.broadcast_to(np.arange(7.0), (7, 7))
    ramp = ramp if axis == "x" else ramp.T
    assert oracle.correlate(ramp.tolist(), weights(f"{name}:axis={axis}").tolist())[3][3] > 0


@pytest.mark.parametrize("name", ["kirsch", "robinson", "emboss"])
@pytest.mark.parametrize(("direction", "step"), list(zip(COMPASS, STEPS, strict=True)))
def test_compass_kernels_answer_most_to_a_brighter_side_in_their_direction(name, direction, step):
    y, x = np.mgrid[-1:2, -1:2]
    slope = y * step[0] + x * step[1]
    answers = {other: (weights(f"{name}:direction={other}") * slope).sum() for other in COMPASS}
    assert max(answers, key=answers.get) == direction


# --- against the libraries ----------------------------------------------------------------------


@pytest.mark.parametrize("size", range(3, 32, 2))
def test_sobel_against_opencv(size):
    cv2 = pytest.importorskip("cv2")
    for axis, (dx, dy) in {"x": (1, 0), "y": (0, 1)}.items():
        along_x, along_y = cv2.getDerivKernels(dx, dy, size, ktype=cv2.CV_64F)
        assert np.array_equal(weights(f"sobel:axis={axis},size={size}"), np.outer(along_y, along_x))


def test_scharr_against_opencv():
    cv2 = pytest.importorskip("cv2")
    for axis, (dx, dy) in {"x": (1, 0), "y": (0, 1)}.items():
        along_x, along_y = cv2.getDerivKernels(dx, dy, cv2.FILTER_SCHARR, ktype=cv2.CV_64F)
        assert np.array_equal(weights(f"scharr:axis={axis}"), np.outer(along_y, along_x))


@pytest.mark.parametrize("sigma", [0.8, 1, 2.5, 7])
def test_gaussian_against_opencv(sigma):
    """Odd sides only: at even ones OpenCV gives both middle cells the weight of the peak."""
    cv2 = pytest.importorskip("cv2")
    for size in (9, 31):
        row = cv2.getGaussianKernel(size, sigma, cv2.CV_64F)
        assert weights(f"gaussian:sigma={sigma},size={size}") == pytest.approx(row @ row.T, rel=1e-12)


def test_gaussian_against_scipy():
    ndimage = pytest.importorskip("scipy.ndimage")
    impulse = np.zeros((31, 31))
    impulse[15, 15] = 1
    expected = ndimage.gaussian_filter(impulse, 2, radius=6)[9:22, 9:22]
    assert weights("gaussian:sigma=2") == pytest.approx(expected, rel=1e-12)


def test_derivatives_against_scipy():
    """ndimage.sobel and prewitt are correlations with ours; its laplace has four neighbours."""
    ndimage = pytest.importorskip("scipy.ndimage")
    image = np.random.default_rng(0).integers(0, 256, (9, 9)).astype(float)
    for axis, number in (("x", 1), ("y", 0)):
        for name, function in (("sobel", ndimage.sobel), ("prewitt", ndimage.prewitt)):
            expected = ndimage.correlate(image, weights(f"{name}:axis={axis}"))
            assert np.array_equal(function(image, number), expected)
    assert np.array_equal(ndimage.laplace(image), ndimage.correlate(image, weights("laplacian")))


@pytest.mark.parametrize("angle", [0, 30, 90, 200])
@pytest.mark.parametrize("phase", [0, 45, 90])
def test_gabor_against_opencv(angle, phase):
    """OpenCV counts angles clockwise and keeps the half-turn, for its correlation."""
    cv2 = pytest.importorskip("cv2")
    theirs = cv2.getGaborKernel((13, 13), 2, -np.radians(angle), 4, 0.5, np.radians(phase), cv2.CV_64F)
    ours = weights(f"gabor:angle={angle},phase={phase},size=13")
    assert ours == pytest.approx(theirs[::-1, ::-1], abs=1e-12)


def test_edges_against_scikit_image():
    """Its derivatives grow to the right and downwards too, divided by the weights of one side."""
    filters = pytest.importorskip("skimage.filters")
    image = np.random.default_rng(0).random((9, 9))
    inner = np.s_[2:-2, 2:-2]
    for name, total in (("sobel", 4), ("prewitt", 3), ("scharr", 16)):
        for axis, number in (("x", 1), ("y", 0)):
            theirs = getattr(filters, name)(image, axis=number)[inner]
            ours = np.array(oracle.correlate(image.tolist(), weights(f"{name}:axis={axis}").tolist()))
            assert ours[inner] / total == pytest.approx(theirs)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gausian", "there is no kernel called 'gausian'; did you mean gaussian?"),
        ("Sobel", "there is no kernel called 'Sobel'; did you mean sobel?"),
        ("xyzzy", "there is no kernel called 'xyzzy'; the zoo has identity, shift, box"),
        ("", "there is no kernel called ''; the zoo has identity"),
        ("gaussian:sgima=2", "gaussian has no parameter 'sgima'; did you mean sigma?; its parameters are sigma, size"),
        ("prewitt:size=3", "prewitt has no parameter 'size'; its parameters are axis"),
        ("gaussian:", "gaussian: '' is not PARAMETER=VALUE; write it as in gaussian:sigma=1,size=auto"),
        ("gaussian:2", "gaussian: '2' is not PARAMETER=VALUE"),
        ("gaussian:sigma=", "gaussian: 'sigma=' is not PARAMETER=VALUE"),
        ("gaussian:sigma=2,", "gaussian: '' is not PARAMETER=VALUE"),
        ("gaussian:sigma=2,sigma=3", "gaussian: sigma is given twice; give it once"),
        ("gaussian:sigma=0", "gaussian: sigma=0 is not allowed; sigma is a number from 0.1 to 1000"),
        ("gaussian:sigma=-1", "sigma=-1 is not allowed"),
        ("gaussian:sigma=nan", "sigma=nan is not allowed"),
        ("gaussian:sigma=1e999", "sigma=1e999 is not allowed"),
        ("gaussian:sigma=two", "sigma=two is not allowed"),
        ("gaussian:sigma=auto", "sigma=auto is not allowed"),
        ("gaussian:size=99999", "size=99999 is not allowed; size is a whole number from 1 to 1001, or auto"),
        ("gaussian:size=2.5", "size=2.5 is not allowed"),
        ("gaussian:sigma=200", "gaussian:sigma=200: this needs a 1201x1201 kernel and the largest side is 1001"),
        ("gabor:sigma=50,aspect=0.1", "needs a 3001x3001 kernel"),
        ("identity:size=2", "size=2 is not allowed; size is an odd whole number from 1 to 1001"),
        ("box:size=0", "size=0 is not allowed"),
        ("box:size=1_0", "size=1_0 is not allowed"),
        ("sobel:size=33", "size=33 is not allowed; size is an odd whole number from 3 to 31"),
        ("sobel:axis=z", "axis=z is not allowed; axis is one of x, y"),
        ("laplacian:neighbours=5", "neighbours=5 is not allowed; neighbours is one of 4, 8"),
        ("kirsch:direction=N", "direction=N is not allowed; direction is one of n, ne, e, se, s, sw, w, nw"),
        ("shift:dx=501", "dx=501 is not allowed; dx is a whole number from -500 to 500"),
        ("letter:f", "letter: letter=f is not allowed; letter is one of A, F, G, H, J"),
        ("letter:F,G", "letter: letter is given twice; give it once"),
        ("letter:F,", "letter: '' is not PARAMETER=VALUE; write it as in letter:F"),
        ("motion:length=0.5", "length=0.5 is not allowed; length is a number from 1 to 1000"),
    ],
)
def test_refusals_say_what_exists(text, message):
    with pytest.raises(KernelError, match=re.escape(message)):
        zoo_kernel(text)


@pytest.mark.parametrize("letter", LETTERS)
def test_a_letter_is_its_half_turn_exactly_if_it_looks_so(letter):
    kernel = zoo_kernel(f"letter:{letter}")
    assert kernel.name == f"letter:{letter}"
    assert kernel.shape == (5, 5)
    assert (kernel.symmetry() is Symmetry.POINT_SYMMETRIC) == (letter in "HNSXZ")


def test_an_impulse_gives_the_letter_back_by_convolution_and_turned_by_correlation():
    kernel = zoo_kernel("letter:F")
    impulse = [[int((row, column) == (3, 3)) for column in range(7)] for row in range(7)]
    written = np.array(oracle.convolve(impulse, kernel.weights.tolist()))
    turned = np.array(oracle.correlate(impulse, kernel.weights.tolist()))
    assert np.array_equal(written[1:6, 1:6], kernel.weights)
    assert np.array_equal(turned[1:6, 1:6], kernel.weights[::-1, ::-1])


def test_the_name_of_a_kernel_makes_it_again():
    kernel = zoo_kernel(" gaussian: size = 5 , sigma = 1/3 ")
    assert kernel.name == "gaussian:sigma=0.3333333333333333,size=5"
    assert np.array_equal(zoo_kernel(kernel.name).weights, kernel.weights)
