// What is said of the selection, every product of it in tables, and the controls.

// ---- Tables: every product, and the sum written out

function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

/** The window of the selection: the places that the output reads, or the outputs that read the input pixel. */
function windowOf(operation) {
  const { rows, columns } = laid[operation];
  if (!state.goes) return { operation, rows: rows.places[state.row], columns: columns.places[state.column] };
  const readers = (axis, pixel) => range(axis.outputs).filter((output) => axis.sources[output].includes(pixel));
  return { operation, rows: readers(rows, state.row), columns: readers(columns, state.column) };
}

/** What stands at one place of the window. A border repeats pixels, so one may be read by several cells. */
function productAt({ operation, rows, columns }, i, j) {
  const { cells, anchor, width, ...axes } = laid[operation];
  const cellsOf = (axis, output, pixel) => range(axis.sources[output].length).filter((cell) => axis.sources[output][cell] === pixel);
  const is = state.goes ? cellsOf(axes.rows, rows[i], state.row) : [i];
  const js = state.goes ? cellsOf(axes.columns, columns[j], state.column) : [j];
  const weights = is.flatMap((row) => js.map((column) => cells[row * width + column]));
  const [y, x] = state.goes ? [state.row, state.column] : [axes.rows.sources[state.row][i], axes.columns.sources[state.column][j]];
  const value = valueAt(y, x, state.channel);
  const isFill = y < 0 || x < 0, isMoved = y !== rows[i] || x !== columns[j];
  return {
    value, weights, product: value * weights.reduce((sum, weight) => sum + weight, 0),
    from: isFill ? "fill value" : isMoved && !state.goes ? `from ${y},${x}` : "",
    isAnchor: is.includes(anchor[0]) && js.includes(anchor[1]),
  };
}

function drawTable(read) {
  const { operation, rows, columns } = read;
  const products = rows.map((_, i) => columns.map((_, j) => productAt(read, i, j)));
  const cell = ({ value, weights, product, from, isAnchor }) => {
    const className = [isAnchor && "anchor", from && "outside", product === 0 && "zero"].filter(Boolean).join(" ");
    const factors = `${words(value)} × ${weights.length > 1 ? `(${weights.map(words).join(" + ")})` : words(weights[0])}`;
    return element("td", { className }, element("b", {}, words(product)), element("small", {}, factors), ...(from ? [element("small", {}, from)] : []));
  };
  const head = element("tr", {}, element("td"), ...columns.map((column) => element("th", { scope: "col" }, words(column))));
  const body = rows.map((row, i) => element("tr", {}, element("th", { scope: "row" }, words(row)), ...products[i].map(cell)));
  byId(`${operation}-table`).tHead.replaceChildren(head);
  byId(`${operation}-table`).tBodies[0].replaceChildren(...body);
  const isUpright = (operation === "correlation") !== state.goes;
  byId(`${operation}-laid`).textContent = `${operation} ${state.goes ? "writes the kernel around the input pixel" : "lays the kernel over the input"} ${
    isUpright ? "as it is" : "turned by 180°"}`;
  byId(`${operation}-sum`).textContent = state.goes ? `${rows.length * columns.length} output pixels read it` : sumOf(operation, products.flat());
}

const [MOST_TERMS, FOLDED_TERMS] = [25, 6];

function sumOf(operation, products) {
  const terms = products.filter(({ weights: [weight] }) => weight !== 0);
  if (terms.length > MOST_TERMS) terms.sort((one, other) => Math.abs(other.product) - Math.abs(one.product));
  const shown = terms.slice(0, terms.length > MOST_TERMS ? FOLDED_TERMS : MOST_TERMS);
  const written = shown.map(({ value, weights: [weight] }, index) => {
    const sign = index ? (weight < 0 ? " − " : " + ") : weight < 0 ? "−" : "";
    return `${sign}${Math.abs(weight) === 1 ? "" : `${words(Math.abs(weight))}·`}${value < 0 ? `(${words(value)})` : words(value)}`;
  }).join("") || "0";
  const sum = terms.length > shown.length ? `${written} + … (${terms.length - shown.length} more)` : written;
  const result = results[operation][state.channel][state.row * shape[1] + state.column];
  const biased = data.bias ? `; with the bias ${words(data.bias)}: ${words(result + data.bias)}` : "";
  return `${laid[operation].divisor === 1 ? sum : `(${sum}) / ${words(laid[operation].divisor)}`} = ${words(result)}${biased}`;
}

// ---- The kernel: its weights to edit, and the turn

function drawKernel() {
  const { shape: [rows, columns], anchor, cells, divisor, name } = state.kernel;
  const peak = Math.max(...cells.map(Math.abs)) || 1;
  const at = (make) => range(rows).map((row) => element("tr", {}, ...range(columns).map((column) => {
    const colour = diverging(cells, peak)(row * columns + column);
    const cell = element("td", { className: row === anchor[0] && column === anchor[1] ? "anchor" : "" }, make(row, column));
    Object.assign(cell.style, { background: `rgb(${colour})`, color: colour[0] * 0.3 + colour[1] * 0.59 + colour[2] * 0.11 > 140 ? "#000" : "#fff" });
    return cell;
  })));
  byId("weights").tBodies[0].replaceChildren(...at((row, column) => {
    const field = element("input", { type: "number", step: "any", value: cells[row * columns + column], ariaLabel: `weight at row ${row}, column ${column}` });
    field.addEventListener("change", () => edit(row * columns + column, field.valueAsNumber));
    return field;
  }));
  byId("turning").tBodies[0].replaceChildren(...at((row, column) => element("span", {}, words(cells[row * columns + column]))));
  byId("divisor").textContent = divisor === 1 ? name : `${name}, each divided by ${words(divisor)}`;
  byId("given").hidden = !state.kernel.given;
}

function edit(cell, weight) {
  if (!Number.isFinite(weight)) return drawKernel();
  state.kernel.given ??= state.kernel.cells.slice();
  state.kernel.cells[cell] = weight;
  return choose();
}

function turn() {
  const table = byId("turning");
  table.classList.remove("turned");
  table.getBoundingClientRect(); // from the start again, even while it turns
  table.classList.add("turned");
  const turned = state.kernel.cells.slice().reverse();
  say(turned.every((weight, cell) => weight === state.kernel.cells[cell])
    ? "turned by 180 degrees: nothing changed" : "turned by 180 degrees: the weights now lie the other way round");
}

function verdict() {
  if (!state.kernel.given && state.boundary === data.boundary) return state.kernel.verdict;
  const gaps = results.difference.flatMap((values) => [...values.map(Math.abs)]);
  const largest = gaps.reduce((one, other) => Math.max(one, other), 0);
  return `Computed here${state.kernel.given ? " with your weights" : ""}: ${largest <= 1e-9
    ? "the two results are equal on this picture." : `they differ by up to ${words(largest)}.`}`;
}

// ---- Choosing

let saying = 0;
function say(text) {
  clearTimeout(saying);
  if (!state.timer) saying = setTimeout(() => { byId("status").textContent = text; }, 250);
}

function select(row, column) {
  const [rows, columns] = state.goes ? [ROWS, COLUMNS] : shape;
  [state.row, state.column] = [clamp(row, rows), clamp(column, columns)];
  Object.assign(byId("row"), { value: state.row, max: rows - 1 });
  Object.assign(byId("column"), { value: state.column, max: columns - 1 });
  const windows = OPERATIONS.map(windowOf);
  pictures.forEach((picture) => drawPicture(picture, windows));
  windows.forEach(drawTable);
  const [input, ...made] = pictures.map((picture) => `${picture.name} ${picture.value.textContent}`);
  const read = windows.map((one) => `${one.rows.length * one.columns.length} of ${one.operation}`).join(" and ");
  say(`row ${state.row}, column ${state.column}: ${state.goes ? `${input}, read by ${read}` : made.join(", ")}`);
}

/** Everything anew, after a choice that changes the numbers. */
function choose() {
  ({ laid, results, shape } = filterBoth());
  pictures.forEach(paint);
  drawKernel();
  byId("verdict").textContent = verdict();
  select(state.row, state.column);
}

function look(goes) {
  if (goes === state.goes) return;
  const place = goes ? asInput(state.row, state.column) : asOutput(state.row, state.column);
  state.goes = goes;
  byId(goes ? "goes" : "reads").checked = true;
  select(...place);
}

function step(count) {
  const [rows, columns] = state.goes ? [ROWS, COLUMNS] : shape;
  const next = state.row * columns + state.column + count;
  if (next >= 0 && next < rows * columns) select(Math.floor(next / columns), next % columns);
  return next < rows * columns;
}

function play() {
  const isLast = state.row === (state.goes ? ROWS : shape[0]) - 1 && state.column === (state.goes ? COLUMNS : shape[1]) - 1;
  if (state.timer) return stop();
  if (isLast) select(0, 0);
  const [pause, count] = byId("speed").value.split(" ");
  state.timer = setInterval(() => step(count === "row" ? shape[1] : Number(count)) || stop(), Number(pause));
  byId("play").textContent = "Stop";
  return select(state.row, state.column);
}

function stop() {
  clearInterval(state.timer);
  state.timer = 0;
  byId("play").textContent = "Play";
  select(state.row, state.column);
}

function pin(isPinned) {
  state.pinned = isPinned;
  select(state.row, state.column);
}

function zoom() {
  state.zoomed = byId("zoom").checked;
  select(state.row, state.column);
}

const KEYS = {
  ArrowUp: (far) => select(state.row - far, state.column), ArrowDown: (far) => select(state.row + far, state.column),
  ArrowLeft: (far) => select(state.row, state.column - far), ArrowRight: (far) => select(state.row, state.column + far),
  PageUp: () => select(state.row - 10, state.column), PageDown: () => select(state.row + 10, state.column),
  Home: (_, all) => select(all ? 0 : state.row, 0), End: (_, all) => select(all ? Infinity : state.row, Infinity),
  " ": play, ",": () => step(-1), ".": () => step(1), Enter: () => pin(!state.pinned), t: turn, z: () => byId("zoom").click(),
  Escape: () => (state.timer ? stop() : pin(false)), "?": () => byId("help").toggleAttribute("open"),
};

for (const picture of pictures) {
  const { stage, name } = picture;
  const point = ({ clientX, clientY }) => {
    const { left, top, width, height } = stage.getBoundingClientRect(), { region } = picture;
    const [row, column] = [Math.floor(region.y + (clientY - top) / height * region.height), Math.floor(region.x + (clientX - left) / width * region.width)];
    const isInput = name === "input";
    select(...(isInput === state.goes ? [row, column] : isInput ? asOutput(row, column) : asInput(row, column)));
  };
  stage.addEventListener("pointermove", (event) => { if (!state.pinned && !state.timer) point(event); });
  stage.addEventListener("click", (event) => { if (!state.timer) { point(event); pin(true); } });
  stage.addEventListener("keydown", (event) => {
    const key = KEYS[event.key];
    if (!key || event.altKey || event.metaKey) return;
    event.preventDefault();
    key(event.shiftKey ? 10 : 1, event.ctrlKey);
  });
}

const on = (id, react) => byId(id).addEventListener("change", react);
on("kernel", () => { state.kernel = kernels[byId("kernel").selectedIndex]; choose(); });
on("channel", () => { state.channel = byId("channel").selectedIndex; choose(); });
on("boundary", () => { state.boundary = byId("boundary").value; choose(); });
for (const id of ["row", "column"]) on(id, () => select(Number(byId("row").value), Number(byId("column").value)));
on("reads", () => look(false));
on("goes", () => look(true));
on("zoom", zoom);
byId("play").addEventListener("click", play);
byId("turn").addEventListener("click", turn);
byId("given").addEventListener("click", () => { state.kernel.cells = state.kernel.given; state.kernel.given = undefined; choose(); });
addEventListener("resize", () => select(state.row, state.column));

const checked = check();
byId("check").textContent = checked.passed
  ? `Checked on loading: ${checked.numbers} numbers that corrconv computed came out here too; largest difference ${words(checked.largest)}.`
  : `This page computes other numbers than corrconv, by up to ${words(checked.largest)}: do not trust it.`;
byId("check").classList.toggle("failed", !checked.passed);
choose();

/** For tests and scripts: the unrounded results of the chosen channel, row after row. */
window.corrconv = {
  check: checked,
  get state() { return { ...state, kernel: state.kernel.name, shape }; },
  get results() { return Object.fromEntries(OPERATIONS.map((operation) => [operation, [...results[operation][state.channel]]])); },
};
