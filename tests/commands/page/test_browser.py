"""The page in a real Chromium: its numbers are the core's, and everybody can use it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from corrconv import Kernel, convolve, correlate
from corrconv.commands.page import view
from corrconv.commands.page.study import make_page
from corrconv.commands.page.view import page_text
from corrconv.core.options import Options
from corrconv.core.rendering import Rendering
from corrconv.core.terms import Boundary, OutputSize
from corrconv.core.zoo import zoo_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]

ARGUMENTS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SETTLED = 400  # milliseconds after which a message is announced

IMAGE = np.random.default_rng(21).integers(0, 256, (11, 13, 3), dtype=np.uint8)
OPERATIONS = {"correlation": correlate, "convolution": convolve}
EMBOSS = zoo_kernel("emboss")
BOX = zoo_kernel("box")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a page from the disk, offline; nothing may be asked for and nothing complained of."""
    asked: list[str] = []
    said: list[str] = []
    contexts = []

    def opened(text: str, **settings: Any) -> Page:
        Path("page.html").write_text(text, encoding="utf-8")
        context = browser.new_context(offline=True, **{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(Path("page.html").resolve().as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert asked == [Path("page.html").resolve().as_uri()] * len(contexts)


def text_of(
    image: np.ndarray = IMAGE,
    kernels: Sequence[Kernel] = (EMBOSS, BOX),
    options: Options | None = None,
    rendering: Rendering | None = None,
    at: tuple[int, int] | None = (3, 4),
) -> str:
    content = make_page(image, kernels, options or Options(), at)
    return page_text(content, "photo", rendering or Rendering(), command="corrconv page photo.png", version="1")


def results(page: Page) -> dict[str, list[float]]:
    found: dict[str, list[float]] = page.evaluate("window.corrconv.results")
    return found


def of_every_kernel(page: Page) -> list[dict[str, list[float]]]:
    """The results with each kernel, chosen one after another."""
    found: list[dict[str, list[float]]] = page.evaluate(
        "kernels.map((kernel) => { state.kernel = kernel; choose(); return corrconv.results; })"
    )
    return found


def selection(page: Page) -> tuple[int, int]:
    row, column = page.evaluate("[corrconv.state.row, corrconv.state.column]")
    return row, column


def announced(page: Page) -> str:
    page.wait_for_timeout(SETTLED)
    return page.inner_text("#status")


def until(page: Page, condition: str) -> None:
    """Wait for a condition (wait_for_function would need the page's policy to allow eval)."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {condition}")


def press(page: Page, *keys: str, on: str = "#correlation .stage") -> None:
    page.focus(on)
    for key in keys:
        page.keyboard.press(key)


# --- the numbers ----------------------------------------------------------------------------------

KERNELS = (
    Kernel([[3]]),
    EMBOSS,
    EMBOSS.with_anchor((0, 2)).named("emboss 0,2"),
    Kernel([[1, 2], [3, 4]], anchor="lower", name="even"),
    Kernel([[1, -2], [3, 4], [0, 5], [7, 1]], name="4x2"),
    Kernel([[1, 2, 4, 8, 16]], anchor=(0, 4), name="row"),
    BOX,
    zoo_kernel("gaussian:sigma=0.8,size=5"),
)
STEPS = (((1, 1), (1, 1)), ((2, 3), (1, 2)))


@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize("boundary", Boundary)
def test_every_pixel_is_the_core_s(
    show: Callable[..., Page], boundary: Boundary, output_size: OutputSize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "comparison_panel", lambda *_: Image.new("L", (1, 1)))  # for the sake of time
    for stride, dilation in STEPS:
        layout = {"boundary": boundary, "output_size": output_size, "stride": stride, "dilation": dilation}
        options = Options(**layout, fill=9.0 if boundary is Boundary.CONSTANT else 0.0)
        page = show(text_of(IMAGE, KERNELS, options, at=None))
        channel = page.evaluate("corrconv.state.channel")
        assert page.evaluate("corrconv.check.passed")
        for kernel, found in zip(KERNELS, of_every_kernel(page), strict=True):
            for name, operation in OPERATIONS.items():
                expected = operation(IMAGE, kernel, **layout, fill=options.fill, channel_axis=-1)[:, :, channel].ravel()
                tolerance = 1e-10 if kernel.integer_form is None else 0
                assert_allclose(found[name], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "image",
    [
        np.array([[[7]]], np.uint8),
        np.array([[[1], [2]], [[3], [4]]], np.uint16) * 16000,
        np.arange(9, dtype=np.int16).reshape(1, 9, 1) - 4,
        IMAGE > 99,
        IMAGE[:, :, :1] / 7.0,
        np.float32(IMAGE[:, :, :2]) / 7,
    ],
    ids=["one pixel", "16 bits", "signal", "truth values", "reals", "two channels"],
)
def test_pictures_of_every_kind_are_the_core_s(show: Callable[..., Page], image: np.ndarray) -> None:
    page = show(text_of(image, KERNELS, at=None))
    assert page.evaluate("corrconv.check.passed")
    values = image if image.dtype.kind == "f" else image.astype(np.float64)
    for channel in range(image.shape[2]):
        page.evaluate("channel => { state.channel = channel; }", channel)
        for kernel, found in zip(KERNELS, of_every_kernel(page), strict=True):
            for name, operation in OPERATIONS.items():
                expected = operation(values[:, :, channel].astype(np.float64), kernel).ravel()
                assert_allclose(found[name], expected, rtol=1e-14, atol=1e-9)


def test_numbers_that_are_none_are_shown_as_such(show: Callable[..., Page]) -> None:
    image = IMAGE[:, :, :1] / 2
    image[2, 2], image[8, 8] = np.nan, np.inf
    page = show(text_of(image, [EMBOSS], at=(2, 2)))
    assert page.evaluate("corrconv.check.passed")
    assert page.inner_text("#correlation output") == "NaN"


def test_a_page_whose_numbers_are_others_says_so(show: Callable[..., Page]) -> None:
    content = make_page(IMAGE, [EMBOSS], Options())
    (kernel,) = content.kernels
    expected = kernel.expected.copy()
    expected[1, -1, -1] += 1
    tampered = replace(content, kernels=(replace(kernel, expected=expected),))
    page = show(page_text(tampered, "photo", Rendering(), command="", version="1"))
    assert page.inner_text("#check") == "This page computes other numbers than corrconv, by up to 1: do not trust it."
    assert page.locator("#check.failed").count() == 1


def test_the_check_counts_what_it_compared(show: Callable[..., Page]) -> None:
    page = show(text_of())
    places = sum(len(kernel.places) for kernel in make_page(IMAGE, [EMBOSS, BOX], Options()).kernels)
    assert page.inner_text("#check") == (
        f"Checked on loading: {2 * 3 * places} numbers that corrconv computed came out here too; largest difference 0."
    )


# --- what is read, and where it goes --------------------------------------------------------------


def cells(page: Page, table: str) -> list[list[str]]:
    rows = page.locator(f"{table} tbody tr").all()
    return [[" | ".join(cell.inner_text().split("\n")) for cell in row.locator("td").all()] for row in rows]


def test_the_tables_show_every_product_and_the_sums_are_written_out(show: Callable[..., Page]) -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    page = show(text_of(image, [EMBOSS], Options(boundary=Boundary.EDGE), at=(0, 1)))
    assert cells(page, "#correlation-table") == [
        ["0 | 0 × −2 | from 0,0", "−1 | 1 × −1 | from 0,1", "0 | 2 × 0 | from 0,2"],
        ["0 | 0 × −1", "1 | 1 × 1", "2 | 2 × 1"],
        ["0 | 4 × 0", "5 | 5 × 1", "12 | 6 × 2"],
    ]
    assert page.locator("#correlation-table .outside").count() == 3
    assert page.locator("#correlation-table .anchor b").inner_text() == "1"
    assert page.inner_text("#correlation-sum") == "−2·0 − 1 − 0 + 1 + 2 + 5 + 2·6 = 19"
    assert page.inner_text("#convolution-sum") == "2·0 + 1 + 0 + 1 − 2 − 5 − 2·6 = −17"
    assert [one.inner_text() for one in page.locator("#pictures output").all()] == ["1", "19", "−17", "36"]
    assert page.inner_text("#convolution-laid") == "convolution lays the kernel over the input turned by 180°"


def test_the_fill_value_the_divisor_the_bias_and_long_sums_are_written_too(show: Callable[..., Page]) -> None:
    options = Options(boundary=Boundary.CONSTANT, fill=2)
    wide = Kernel(np.arange(1.0, 37.0).reshape(6, 6), name="wide")
    page = show(text_of(np.full((3, 3, 1), 5, np.uint8), [BOX, wide], options, Rendering(bias=3), at=(0, 0)))
    assert cells(page, "#correlation-table")[0][0] == "2 | 2 × 1 | fill value"
    assert (
        page.inner_text("#correlation-sum")
        == "(2 + 2 + 2 + 2 + 5 + 5 + 2 + 5 + 5) / 9 = 3.33333; with the bias 3: 6.33333"
    )
    page.select_option("#kernel", "wide")
    assert "+ … (30 more) = " in page.inner_text("#correlation-sum")


@pytest.mark.parametrize(("boundary", "output_size"), [("reflect", "same"), ("wrap", "full"), ("edge", "valid")])
def test_where_a_pixel_goes_inverts_what_is_read(show: Callable[..., Page], boundary: str, output_size: str) -> None:
    options = Options(boundary=boundary, output_size=output_size, stride=(1, 2), dilation=(2, 1))
    page = show(text_of(IMAGE[:, :, :1], [EMBOSS], options))
    page.check("#goes")
    size = {"boundary": boundary, "output_size": output_size, "stride": (1, 2), "dilation": (2, 1)}
    for row, column in ((0, 0), (1, 1), (5, 6), (10, 12)):
        impulse = np.zeros((11, 13))
        impulse[row, column] = IMAGE[row, column, 0]
        page.evaluate("place => select(...place)", [row, column])
        for name, operation in OPERATIONS.items():
            written = np.zeros_like(operation(impulse, EMBOSS, **size))
            table = page.locator(f"#{name}-table")
            rows = [int(one) for one in table.locator("tbody th").all_inner_texts()]
            columns = [int(one) for one in table.locator("thead th").all_inner_texts()]
            products = [float(one.replace("−", "-")) for one in table.locator("td b").all_inner_texts()]
            if products:
                written[np.ix_(rows, columns)] = np.reshape(products, (len(rows), len(columns)))
            assert_array_equal(written, operation(impulse, EMBOSS, **size))


def test_convolution_writes_the_kernel_as_it_is_and_correlation_turned(show: Callable[..., Page]) -> None:
    page = show(text_of(np.ones((9, 9, 1), np.uint8), [EMBOSS]))
    page.check("#goes")
    products = {name: page.locator(f"#{name}-table td b").all_inner_texts() for name in OPERATIONS}
    upright = [f"{weight:g}".replace("-", "−") for weight in EMBOSS.weights.ravel()]
    assert products == {"convolution": upright, "correlation": upright[::-1]}
    assert page.inner_text("#convolution-laid") == "convolution writes the kernel around the input pixel as it is"
    assert page.inner_text("#correlation-sum") == "9 output pixels read it"
    assert announced(page) == "row 3, column 4: input 1, read by 9 of correlation and 9 of convolution"


# --- keys, clicks and fields ----------------------------------------------------------------------


STEPPING = (
    (["ArrowUp"], (2, 4)),
    (["ArrowDown", "ArrowDown"], (5, 4)),
    (["ArrowLeft"], (3, 3)),
    (["ArrowRight"], (3, 5)),
    (["Shift+ArrowLeft"], (3, 0)),
    (["Shift+ArrowDown"], (10, 4)),
    (["Home"], (3, 0)),
    (["End"], (3, 12)),
    (["Control+Home"], (0, 0)),
    (["Control+End"], (10, 12)),
    (["PageUp"], (0, 4)),
    (["PageDown"], (10, 4)),
    (["."], (3, 5)),
    (["End", "."], (4, 0)),
    ([","], (3, 3)),
    (["Control+Home", ","], (0, 0)),
    (["Control+End", "."], (10, 12)),
)


def test_keys_step_over_the_picture(show: Callable[..., Page]) -> None:
    page = show(text_of())
    for keys, place in STEPPING:
        page.evaluate("select(3, 4)")
        press(page, *keys)
        assert selection(page) == place, keys
        assert (page.input_value("#row"), page.input_value("#column")) == tuple(map(str, place))


def test_keys_do_nothing_elsewhere(show: Callable[..., Page]) -> None:
    page = show(text_of())
    press(page, "t", ".", "Enter", "z", on="#help summary")
    assert selection(page) == (3, 4)
    assert page.evaluate("[corrconv.state.pinned, corrconv.state.zoomed, corrconv.state.timer]") == [False, False, 0]


def test_what_is_announced(show: Callable[..., Page]) -> None:
    page = show(text_of(IMAGE[:, :, :1]))
    press(page, "ArrowRight", "ArrowRight")
    one, other = (operation(IMAGE[:, :, 0], EMBOSS)[3, 6] for operation in OPERATIONS.values())
    said = f"row 3, column 6: correlation {one:g}, convolution {other:g}, difference {one - other:g}".replace("-", "−")
    assert announced(page) == said
    press(page, "t")
    assert announced(page) == "turned by 180 degrees: the weights now lie the other way round"
    page.select_option("#kernel", "box")
    press(page, "t")
    assert announced(page) == "turned by 180 degrees: nothing changed"


def test_the_pointer_chooses_a_click_pins_and_escape_lets_go(show: Callable[..., Page]) -> None:
    page = show(text_of())

    def point(picture: str, row: int, column: int) -> None:
        box = page.locator(f"#{picture} .stage").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + (column + 0.5) / 13 * box["width"], box["y"] + (row + 0.5) / 11 * box["height"])

    for picture, place in (("input", (1, 2)), ("correlation", (7, 12)), ("difference", (10, 0))):
        point(picture, *place)
        assert selection(page) == place
    page.mouse.down()
    page.mouse.up()
    assert page.locator(".stage.pinned").count() == 4
    point("convolution", 5, 5)
    assert selection(page) == (10, 0)
    press(page, "Escape")
    point("convolution", 5, 6)
    assert selection(page) == (5, 6)
    press(page, "Enter")
    point("convolution", 1, 1)
    assert selection(page) == (5, 6)


def test_strides_lead_from_the_input_to_the_nearest_output_and_back(show: Callable[..., Page]) -> None:
    page = show(text_of(IMAGE, [EMBOSS], Options(stride=(2, 3)), at=(1, 1)))
    page.check("#goes")
    assert selection(page) == (2, 3)
    press(page, "ArrowRight", "ArrowRight")
    page.check("#reads")
    assert selection(page) == (1, 2)


def test_fields_choose_the_pixel_and_are_kept_within_the_picture(show: Callable[..., Page]) -> None:
    page = show(text_of())
    page.fill("#row", "7")
    page.fill("#column", "99")
    page.keyboard.press("Tab")
    assert selection(page) == (7, 12)
    assert page.input_value("#column") == "12"


def test_choosing_a_kernel_a_channel_and_a_boundary(show: Callable[..., Page]) -> None:
    page = show(text_of())
    page.select_option("#kernel", "box")
    assert "box: correlation and convolution are the same operation, on every image." in page.inner_text("#verdict")
    for index, name in enumerate(("red", "green", "blue")):
        page.select_option("#channel", name)
        assert page.inner_text("#input output") == str(IMAGE[3, 4, index])
    page.select_option("#kernel", "emboss")
    page.select_option("#boundary", "wrap")
    assert_array_equal(results(page)["convolution"], convolve(IMAGE[:, :, 2], EMBOSS, boundary="wrap").ravel())
    assert page.inner_text("#verdict").startswith("Computed here: they differ by up to ")
    page.select_option("#boundary", "reflect")
    assert page.inner_text("#verdict").startswith("emboss: they differ")


def test_weights_are_edited_and_given_back(show: Callable[..., Page]) -> None:
    page = show(text_of(IMAGE[:, :, :1]))
    field = page.get_by_label("weight at row 0, column 2")
    field.fill("-7.5")
    field.press("Tab")
    weights = EMBOSS.weights.copy()
    weights[0, 2] = -7.5
    for name, operation in OPERATIONS.items():
        assert_array_equal(results(page)[name], operation(IMAGE[:, :, 0].astype(float), weights).ravel())
    assert page.inner_text("#verdict").startswith("Computed here with your weights: they differ by up to ")
    field = page.get_by_label("weight at row 0, column 2")
    field.fill("")
    field.press("Tab")
    assert page.get_by_label("weight at row 0, column 2").input_value() == "-7.5"
    page.click("#given")
    assert_array_equal(results(page)["correlation"], correlate(IMAGE[:, :, 0], EMBOSS).ravel())
    assert not page.locator("#given").is_visible()
    assert page.inner_text("#verdict").startswith("emboss: they differ")


def test_playing_steps_on_in_silence_and_results_fill_in(show: Callable[..., Page]) -> None:
    page = show(text_of())
    before = announced(page)
    page.select_option("#speed", label="7 rows a second")
    press(page, " ")
    until(page, "corrconv.state.row >= 5")
    assert page.inner_text("#play") == "Stop"
    assert page.locator("#convolution .later").count() == 2
    assert page.inner_text("#status") == before
    press(page, "Escape")
    assert page.inner_text("#play") == "Play"
    assert page.locator(".later").count() == 0
    assert announced(page) != before
    page.click("#play")
    until(page, "corrconv.state.row === 10 && corrconv.state.timer === 0")
    page.click("#play")
    until(page, "corrconv.state.row > 0")  # it began again


def test_zooming_shows_the_pixels_around_the_selection(show: Callable[..., Page]) -> None:
    page = show(text_of(np.tile(IMAGE, (6, 6, 1)), at=(30, 40)))
    whole = page.evaluate("pictures.map(({ canvas }) => canvas.width)")
    press(page, "z")
    assert page.is_checked("#zoom")
    assert (whole, page.evaluate("pictures.map(({ canvas }) => canvas.width)")) == ([78] * 4, [24] * 4)
    first = page.evaluate("pictures[1].region.x")
    press(page, *["ArrowRight"] * 3)
    assert page.evaluate("pictures[1].region.x") == first  # it stays until the selection comes near its edge
    press(page, "Shift+ArrowRight")
    assert page.evaluate("pictures[1].region.x") > first
    press(page, "?")
    assert page.locator("#help[open]").count() == 1


# --- for everybody --------------------------------------------------------------------------------

AXE = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(show: Callable[..., Page], scheme: str, width: int) -> None:
    page = show(text_of(at=(0, 0)), color_scheme=scheme, viewport={"width": width, "height": 844})
    for prepare in ("", "look(true)", "byId('help').open = true", "pin(true)"):
        page.evaluate(f"() => {{ {prepare} }}")
        found = AXE.Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_dark_follows_the_system(show: Callable[..., Page]) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    assert show(text_of(), color_scheme="light").evaluate(colour) == "rgb(255, 255, 255)"
    assert show(text_of(), color_scheme="dark").evaluate(colour) == "rgb(22, 25, 29)"


def test_the_turn_moves_unless_less_motion_is_wanted(show: Callable[..., Page]) -> None:
    moving = show(text_of(), reduced_motion="no-preference")
    moving.click("#turn")
    assert moving.evaluate("document.getAnimations().length") > 0
    still = show(text_of(), reduced_motion="reduce")
    still.click("#turn")
    assert still.evaluate("document.getAnimations().length") == 0
    assert still.locator("#turning.turned").count() == 1


def test_nothing_moves_by_itself(show: Callable[..., Page]) -> None:
    page = show(text_of())
    page.wait_for_timeout(SETTLED)
    assert selection(page) == (3, 4)
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_phone_shows_two_pictures_by_two_and_the_sums(show: Callable[..., Page]) -> None:
    page = show(text_of(), viewport={"width": 390, "height": 844})
    boxes = [page.locator(f"#{name}").bounding_box() for name in ("input", "correlation", "convolution", "difference")]
    corners = [(round(box["x"]), round(box["y"])) for box in boxes if box is not None]
    assert corners[0][1] == corners[1][1] < corners[2][1] == corners[3][1]
    assert corners[0][0] == corners[2][0] < corners[1][0] == corners[3][0]
    sums = page.locator("#sums").bounding_box()
    assert sums is not None
    assert sums["y"] + sums["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_print_hides_the_controls_and_keeps_the_pixel(show: Callable[..., Page]) -> None:
    page = show(text_of())
    page.emulate_media(media="print")
    assert not page.locator("#bar").is_visible()
    assert not page.locator("#turn").is_visible()
    assert page.locator("#correlation-sum").is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_without_scripts_there_are_the_verdict_and_the_panel(show: Callable[..., Page]) -> None:
    page = show(text_of(), java_script_enabled=False)
    assert page.inner_text("#verdict").startswith("emboss: they differ")
    image = page.locator("noscript img")
    assert image.is_visible()
    assert "difference" in (image.get_attribute("alt") or "")


def test_pictures_are_named_and_the_labels_reach_their_fields(show: Callable[..., Page]) -> None:
    page = show(text_of())
    for name in ("input", "correlation", "convolution", "difference"):
        stage = page.get_by_role("application", name=f"{name}, 11 rows by 13 columns")
        assert stage.get_attribute("aria-roledescription") == "picture to step over"
    for role, labels in (("spinbutton", ("Row", "Column")), ("combobox", ("Speed", "Kernel", "Outside", "Channel"))):
        for label in labels:
            assert page.get_by_role(role, name=label, exact=True).count() == 1
