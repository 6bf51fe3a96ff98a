"""Template matching against its definition, its theory, OpenCV and scikit-image."""

from __future__ import annotations

import cv2
import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import matrices

from corrconv.commands.match import study as matching
from corrconv.commands.match.study import Match, find_peaks, match_template, normalized_correlation, plain_correlation
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError, InputTypeError


def similarity(window, template):
    """The definition: the correlation coefficient of the two, or 0 where the window is flat."""
    ours, theirs = window - np.mean(window), template - np.mean(template)
    norms = np.sqrt((ours**2).sum() * (theirs**2).sum())
    return (ours * theirs).sum() / norms if np.ptp(window) > 0 else 0.0


def similarities(image, template):
    height, width = template.shape
    return np.array(
        [
            [similarity(image[y : y + height, x : x + width], template) for x in range(image.shape[1] - width + 1)]
            for y in range(image.shape[0] - height + 1)
        ]
    )


def noise(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(image=matrices(max_side=9), corner=st.tuples(st.integers(0, 8), st.integers(0, 8)))
def test_scores_are_correlation_coefficients(image, corner):
    template = image[corner[0] : corner[0] + 4, corner[1] : corner[1] + 3]
    if template.size == 0 or np.ptp(template) == 0:
        return
    np.testing.assert_allclose(normalized_correlation(image, template), similarities(image, template), atol=1e-12)
    np.testing.assert_allclose(
        normalized_correlation(image, template, operation="convolution"),
        similarities(image, template[::-1, ::-1]),
        atol=1e-12,
    )


@given(matrices(max_side=12), st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_window_sums_are_sums_of_windows(values, window):
    window = tuple(min(side, length) for side, length in zip(window, values.shape, strict=True))
    expected = np.lib.stride_tricks.sliding_window_view(values, window).sum(axis=(2, 3))
    assert (matching.window_sums(values, window) == expected).all()
    assert (matching.window_sums(values.astype(np.float64), window) == expected).all()


PICTURES = {
    "8-bit": noise(300, 400),
    "8-bit of low contrast": noise(300, 400) // 64 + np.uint8(250),
    "bright 16-bit": noise(300, 400) + np.uint16(65000),
    "bright integers": noise(300, 400).astype(np.int64) + 10**9,
    "float32": (noise(300, 400) / 255).astype(np.float32),
    "bright float32": 1000 + (noise(300, 400) / 25500).astype(np.float32),
    "very bright": 1e6 + noise(300, 400) / 25500,
    "very dark": 1e-6 * (1 + noise(300, 400) / 2550),
    "two halves": 100.0 * (np.arange(400) > 180) + noise(300, 400) / 25500,
    "one bright spot": 1e6 * (np.arange(120_000).reshape(300, 400) == 150 * 400 + 110) + noise(300, 400) / 25500,
}


@pytest.mark.parametrize("name", PICTURES)
def test_exact_patch_scores_one(name):
    picture = PICTURES[name].copy()
    picture[:50, :50] = picture.min()  # a flat corner, to be 0 and not nan
    template = picture[211:248, 102:143]
    result = match_template(picture, template, count=1)
    assert result.peaks[0] == Match(211, 102, pytest.approx(1, abs=1e-6))
    assert result.scores[:4, 0].tolist() == [0, 0, 0, 0]
    for row, column in ((211, 105), (200, 90), (155, 80)):  # beside it, and in the rows of the bright spot
        window = picture[row : row + 37, column : column + 41].astype(np.float64)
        assert result.scores[row, column] == pytest.approx(similarity(window, template.astype(np.float64)), abs=1e-6)
    assert np.abs(result.scores).max() <= 1


def test_agrees_with_opencv_and_ignores_strips_and_threads(monkeypatch):
    image, template = noise(300, 280), noise(300, 280)[100:117, 60:90]
    scores = normalized_correlation(image, template)
    np.testing.assert_allclose(scores, cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED), atol=1e-5)
    assert (scores == normalized_correlation(image, template, threads=1)).all()
    monkeypatch.setattr(matching, "STRIP_ROWS", 50)
    assert (scores == normalized_correlation(image, template)).all()


def test_colour_channels_count_together_as_in_opencv():
    image = noise(60, 70, 3)
    template = image[20:31, 30:42]
    scores = normalized_correlation(image, template, channel_axis=-1)
    np.testing.assert_allclose(scores, cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED), atol=1e-5)
    # One channel of noise pulls the joint score down, but the patch in the two others is still found.
    spoiled = image.copy()
    spoiled[:, :, 2] = noise(60, 70, seed=2)
    best = match_template(spoiled, template, channel_axis=-1).best
    assert (best.row, best.column) == (20, 30)
    assert 0.5 < best.score < 0.9


def test_sums_of_large_windows_do_not_overflow():
    image = noise(410, 405) // 128 * np.uint8(255)
    template = image[7:407, 3:403]  # 160000 pixels of about 127² each: more than 2^31
    scores = normalized_correlation(image, template)
    assert scores[7, 3] == pytest.approx(1, abs=1e-6)
    assert scores[0, 0] == pytest.approx(similarity(image[:400, :400].astype(float), template.astype(float)), abs=1e-9)


def test_agrees_with_scikit_image():
    feature = pytest.importorskip("skimage.feature")
    for image in (noise(90, 80), noise(90, 80) / 255):
        template = image[30:45, 20:41]
        np.testing.assert_allclose(
            normalized_correlation(image, template), feature.match_template(image, template), atol=1e-9
        )


@given(st.floats(0.01, 100), st.floats(-1000, 1000))
def test_brightness_and_contrast_play_no_part(contrast, brightness):
    image = noise(24, 25) / 255
    template = image[8:14, 9:16]
    plain = normalized_correlation(image, template)
    np.testing.assert_allclose(normalized_correlation(contrast * image + brightness, template), plain, atol=1e-6)
    np.testing.assert_allclose(normalized_correlation(image, -contrast * template + brightness), -plain, atol=1e-6)


def test_convolution_finds_the_half_turned_copy():
    template = noise(9, 8, seed=3)
    image = np.full((60, 60), 128, np.uint8)
    image[5:14, 7:15] = template
    image[40:49, 30:38] = template[::-1, ::-1]
    upright = match_template(image, template, operation="correlation", min_score=0.9)
    turned = match_template(image, template, operation="convolution", min_score=0.9)
    assert upright.peaks == (Match(5, 7, pytest.approx(1)),)
    assert turned.peaks == (Match(40, 30, pytest.approx(1)),)
    assert turned.operation is Operation.CONVOLUTION


def test_raw_sums_are_exact_and_let_the_brightest_win():
    image = noise(50, 60) // 2
    template = image[20:27, 30:38]
    image[3:12, 4:14] = 255
    raw = match_template(image, template, raw=True, count=1)
    window = oracle.correlate(image[:12].tolist(), template.tolist(), output_size="valid")
    assert (raw.scores[: len(window)] == window).all()
    assert (
        plain_correlation(image, template, operation="convolution") == plain_correlation(image, template[::-1, ::-1])
    ).all()
    assert image[raw.peaks[0].row :, raw.peaks[0].column :][:7, :8].min() == 255
    assert match_template(image, template, count=1).peaks == (Match(20, 30, pytest.approx(1)),)


def test_raw_sums_of_colours_add_up():
    image = noise(12, 13, 3)
    template = image[2:6, 3:8]
    each = [plain_correlation(image[:, :, channel], template[:, :, channel]) for channel in range(3)]
    assert (plain_correlation(image, template, channel_axis=-1) == sum(each)).all()


def test_peaks_are_the_best_and_lie_apart():
    scores = np.zeros((20, 30))
    scores[3, 4], scores[4, 6], scores[3, 8], scores[15, 20], scores[16, 21] = 0.9, 0.8, 0.7, 0.6, 0.5
    scores[6, 4] = 0.4
    # 0.8 lies within half of 6x8 of the best in both directions; 0.7 is 4 columns away and 0.4 is 3 rows
    # away, just far enough; 0.5 has a better neighbour.
    assert find_peaks(scores, (6, 8), 5, 0.3) == (
        Match(3, 4, 0.9),
        Match(3, 8, 0.7),
        Match(15, 20, 0.6),
        Match(6, 4, 0.4),
    )
    assert find_peaks(scores, (2, 2), 3, 0.3) == (Match(3, 4, 0.9), Match(4, 6, 0.8), Match(3, 8, 0.7))
    assert find_peaks(scores, (6, 8), 1, 0.3) == (Match(3, 4, 0.9),)
    assert find_peaks(scores, (6, 8), 5, 0.95) == ()


def test_equal_peaks_come_in_reading_order_even_across_strips(monkeypatch):
    monkeypatch.setattr(matching, "STRIP_ROWS", 4)
    scores = np.zeros((30, 9))
    scores[3, 7] = scores[20, 2] = scores[3, 1] = 0.5
    scores[4, 7] = 0.4  # in the next strip, beside a higher one
    scores[11, 4], scores[12, 4] = 0.3, 0.6
    found = find_peaks(scores, (1, 1), 9, 0.1)
    assert [(peak.row, peak.column) for peak in found] == [(12, 4), (3, 1), (3, 7), (20, 2)]


def test_a_slope_is_no_peak():
    ramp = np.add.outer(np.arange(20.0), np.arange(20.0)) / 40
    assert find_peaks(ramp, (3, 3), 5, 0.1) == (Match(19, 19, 38 / 40),)


def test_centers_and_best():
    image = noise(30, 30)
    result = match_template(image, image[10:15, 12:18], min_score=2)
    assert result.peaks == ()
    assert result.best == Match(10, 12, pytest.approx(1))
    assert result.best.center(result.template_shape) == (12, 15)


@pytest.mark.parametrize(
    ("image", "template", "says"),
    [
        (noise(9, 9), np.full((3, 3), 7), "flat"),
        (noise(9, 9), np.full((3, 3), 0.1), "flat"),
        (noise(9, 9), noise(1, 1), "flat"),
        (noise(9, 9), noise(10, 3), "10 rows x 3 columns.*does not fit"),
        (noise(9, 9), noise(0, 3), "empty"),
        (noise(9, 9) / np.inf * np.nan, noise(3, 3), "nan"),
        (noise(9, 9), noise(3, 3, 3), "2 dimensions"),
    ],
)
def test_refusals(image, template, says):
    with pytest.raises(CorrconvError, match=says):
        match_template(image, template)


def test_more_refusals():
    with pytest.raises(CorrconvError, match="3 channels where the template has 4"):
        match_template(noise(9, 9, 3), noise(3, 3, 4), channel_axis=-1)
    with pytest.raises(CorrconvError, match="at least 1"):
        match_template(noise(9, 9), noise(3, 3), count=0)
    with pytest.raises(CorrconvError, match="least score nan"):
        match_template(noise(9, 9), noise(3, 3), min_score=np.nan)
    with pytest.raises(InputTypeError):
        match_template(noise(9, 9) * 1j, noise(3, 3))


def test_a_flat_picture_matches_nothing():
    result = match_template(np.full((20, 20), 200, np.uint8), noise(3, 3), min_score=0.1)
    assert result.peaks == ()
    assert not result.scores.any()


def test_pixels_too_large_to_square_are_refused():
    huge = np.array([[1.7e308, -1.7e308], [1e308, 0]])
    for image, template, what in ((huge, np.eye(2), "image"), (np.eye(2), huge, "template")):
        for score in (normalized_correlation, plain_correlation):
            with pytest.raises(CorrconvError, match=f"the {what} holds numbers above .* scale it down"):
                score(image, template)
