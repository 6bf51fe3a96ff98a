// Four pictures with one selection: pixels on a canvas, and frames on an overlay that stays sharp at any size.

const byId = (id) => document.getElementById(id);
const clamp = (value, count) => Math.min(Math.max(value, 0), count - 1);
let laid, results, shape;

function words(number) {
  const plain = Number.isInteger(number) && Math.abs(number) < 1e12 ? number + 0 : Number(number.toPrecision(6));
  return String(plain).replace("-", "−");
}

const [ZOOM, FEWEST_ROWS] = [24, 9];
const SMALLEST_FRAME = 11; // pixels of the screen
const [BLUE, RED] = [[33, 102, 172], [178, 24, 43]];
const [DARK, BRIGHT] = data.limits;

const pictures = ["input", ...OPERATIONS, "difference"].map((name) => {
  const [figure, part] = [byId(name), (selector) => byId(name).querySelector(selector)];
  return { name, figure, stage: part(".stage"), canvas: part("canvas"), overlay: part("svg"), note: part(".note"), value: part("output") };
});
const planes = range(CHANNELS).map((channel) => range(ROWS * COLUMNS).map((place) => pixels[place * CHANNELS + channel]));

function limitsOf(values) {
  const finite = values.filter(Number.isFinite);
  return finite.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [finite[0] ?? 0, finite[0] ?? 0]);
}

/** From results to gray levels by the display rule, and what it is called; sums of 0 are half negative. */
function displayOf(low, high) {
  const peak = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const sum = state.kernel.cells.reduce((total, weight) => total + weight, 0);
  const rule = data.display === "clip" && Math.abs(sum) < 1e-9 ? "signed" : data.display;
  const unit = (value) => (value - DARK) * 255 / (BRIGHT - DARK);
  return {
    clip: [unit, `cut off outside ${words(DARK)} to ${words(BRIGHT)}`],
    absolute: [(value) => unit(Math.abs(value)), "as absolute values"],
    rescale: [(value) => 255 * (value - low) / (high - low || 1), "over the full range"],
    signed: [(value) => 128 + 127 * value / peak, "0 as mid-gray"],
  }[rule];
}

function inColour(channels, level) {
  const three = channels.length === 3 ? channels : Array(3).fill(channels[state.channel]);
  return (index) => three.map((values) => level(values[index]));
}

function diverging(values, peak) {
  return (index) => (values[index] < 0 ? BLUE : RED).map((end) => 255 - Math.abs(values[index] / peak) * (255 - end));
}

function paint(picture) {
  const { name } = picture;
  const [rows, columns] = picture.shape = name === "input" ? [ROWS, COLUMNS] : shape;
  let colour = inColour(planes, (value) => (value - DARK) * 255 / (BRIGHT - DARK)), note = `${columns} by ${rows} pixels`;
  if (name !== "input") {
    const [low, high] = limitsOf(results[name][state.channel]);
    const [level, rule] = displayOf(low + data.bias, high + data.bias);
    const peak = Math.max(Math.abs(low), Math.abs(high)) || 1;
    colour = name === "difference" ? diverging(results.difference[state.channel], peak)
      : inColour(results[name], (value) => level(value + data.bias));
    note = `${words(low)} to ${words(high)}, ${name === "difference" ? "blue below 0, red above" : rule}`;
  }
  picture.image = new ImageData(columns, rows);
  for (let index = 0; index < rows * columns; index++) {
    const [red, green, blue] = colour(index);
    picture.image.data.set([red, green, blue, 255], 4 * index);
  }
  picture.note.textContent = note;
  picture.stage.setAttribute("aria-label", `${name}, ${rows} rows by ${columns} columns`);
}

/** Where the selection lies: the same pixel in all results, and in the input the one below the anchor. */
function placeIn(picture) {
  const isInput = picture.name === "input";
  const { rows, columns } = laid.correlation;
  if (isInput === state.goes) return [state.row, state.column];
  return isInput ? [rows.below(state.row), columns.below(state.column)] : asOutput(state.row, state.column);
}

const asOutput = (row, column) => [clamp(laid.correlation.rows.nearest(row), shape[0]), clamp(laid.correlation.columns.nearest(column), shape[1])];
const asInput = (row, column) => [clamp(laid.correlation.rows.below(row), ROWS), clamp(laid.correlation.columns.below(column), COLUMNS)];

/** The part of a picture that is shown: all of it, or some pixels around the selection. */
function regionOf({ shape: [rows, columns], region }, [row, column]) {
  if (!state.zoomed) return { x: 0, y: 0, width: columns, height: rows };
  const width = Math.min(ZOOM, columns), height = Math.min(rows, Math.max(FEWEST_ROWS, Math.round(width * rows / columns)));
  const near = (at, start, size) => at > start && at < start + size - 1;
  if (region?.width === width && region.height === height && near(row, region.y, height) && near(column, region.x, width)) return region;
  return { x: column - Math.floor(width / 2), y: row - Math.floor(height / 2), width, height };
}

/** A frame around the pixels of these rows and columns, never too small to be seen. */
function frame(picture, kind, rows, columns) {
  const least = SMALLEST_FRAME * picture.region.width / (picture.stage.clientWidth || 300);
  const span = (places) => {
    const [first, last] = [Math.min(...places), Math.max(...places) + 1], more = Math.max(0, least - (last - first)) / 2;
    return [first - more, last - first + 2 * more];
  };
  const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const [[y, height], [x, width]] = [span(rows), span(columns)];
  Object.entries({ class: kind, x, y, width, height }).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}

function drawPicture(picture, windows) {
  const [row, column] = placeIn(picture);
  const { x, y, width, height } = picture.region = regionOf(picture, [row, column]);
  Object.assign(picture.canvas, { width, height });
  picture.canvas.getContext("2d").putImageData(picture.image, -x, -y);
  picture.overlay.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  const shown = windows.filter(({ operation, rows, columns }) =>
    rows.length && columns.length && picture.name === (state.goes ? operation : "input"));
  const isLater = state.timer && !state.goes && picture.name !== "input"; // while it plays, results fill in
  const later = isLater ? [frame(picture, "later", [row], [column + 1, shape[1]]), frame(picture, "later", [row + 1, shape[0]], [0, shape[1]])] : [];
  picture.overlay.replaceChildren(...later, frame(picture, "here", [row], [column]),
    ...shown.map(({ operation, rows, columns }) => frame(picture, operation, rows, columns)));
  picture.stage.classList.toggle("pinned", state.pinned);
  const values = picture.name === "input" ? planes : results[picture.name];
  picture.value.textContent = words(values[state.channel][row * picture.shape[1] + column] ?? data.fill);
}

