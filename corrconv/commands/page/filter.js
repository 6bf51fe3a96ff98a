// The definitions of correlation and convolution, from the pixels and weights that the page carries.
// Every number on the page is computed here; on load some are compared with the core's.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const OPERATIONS = ["correlation", "convolution"];
const range = (count) => Array.from({ length: count }, (_, index) => index);

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };

function numbersOf({ type, base64 }) {
  return new ARRAYS[type](Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

const { rows: ROWS, columns: COLUMNS, channels: CHANNELS } = data;
const pixels = numbersOf(data.pixels);
const kernels = data.kernels.map((kernel) => ({ ...kernel, cells: numbersOf(kernel.cells) }));

/** What is chosen: a kernel and a boundary, and an output pixel (or, where `goes` is set, an input pixel). */
const state = {
  kernel: kernels[0], channel: data.channel, boundary: data.boundary, row: data.at[0], column: data.at[1],
  goes: false, pinned: false, zoomed: false, timer: 0,
};

/** The pixel along an axis that a place repeats; -1 where the fill value stands. */
function sourceOf(place, length) {
  if (place >= 0 && place < length) return place;
  if (state.boundary === "constant") return -1;
  if (state.boundary === "edge") return place < 0 ? 0 : length - 1;
  const period = { wrap: length, symmetric: 2 * length, reflect: Math.max(1, 2 * length - 2) }[state.boundary];
  const turn = ((place % period) + period) % period;
  if (turn < length) return turn;
  return state.boundary === "symmetric" ? period - 1 - turn : period - turn;
}

/** One axis: for each output the places that the kernel's cells read, and the pixels that stand there. */
function layAxis(length, side, anchor, stride, dilation) {
  const reach = dilation * (side - 1);
  const before = { same: dilation * anchor, full: reach, valid: 0 }[data.outputSize];
  const added = { same: reach, full: 2 * reach, valid: 0 }[data.outputSize];
  const outputs = Math.ceil((length + added - reach) / stride);
  const places = range(outputs).map((output) => range(side).map((cell) => output * stride + cell * dilation - before));
  return {
    outputs, places,
    sources: places.map((read) => Int32Array.from(read, (place) => sourceOf(place, length))),
    below: (output) => output * stride + dilation * anchor - before, // the place below the anchor
    nearest: (place) => Math.round((place + before - dilation * anchor) / stride),
  };
}

/** A kernel ready for multiplication cell by cell. Here, and only here, the two operations part. */
function lay(kernel, operation) {
  const [height, width] = kernel.shape;
  const turned = operation === "convolution";
  const cells = turned ? kernel.cells.slice().reverse() : kernel.cells;
  const anchor = turned ? [height - 1 - kernel.anchor[0], width - 1 - kernel.anchor[1]] : kernel.anchor;
  return {
    cells, anchor, width, divisor: kernel.divisor,
    rows: layAxis(ROWS, height, anchor[0], data.stride[0], data.dilation[0]),
    columns: layAxis(COLUMNS, width, anchor[1], data.stride[1], data.dilation[1]),
  };
}

function valueAt(row, column, channel) {
  return row < 0 || column < 0 ? data.fill : pixels[(row * COLUMNS + column) * CHANNELS + channel];
}

/** One output: the sum of all products, divided once. */
function resultAt(laid, row, column, channel) {
  const rows = laid.rows.sources[row], columns = laid.columns.sources[column], { cells } = laid;
  let sum = 0, cell = 0;
  for (let i = 0; i < rows.length; i++)
    for (let j = 0; j < columns.length; j++) sum += cells[cell++] * valueAt(rows[i], columns[j], channel);
  return sum / laid.divisor;
}

function filter(laid, channel) {
  const { rows: { outputs: rows }, columns: { outputs: columns } } = laid;
  const result = new Float64Array(rows * columns);
  for (let index = 0; index < result.length; index++)
    result[index] = resultAt(laid, Math.floor(index / columns), index % columns, channel);
  return result;
}

/** Both operations with the chosen kernel: how it is laid, the results of every channel, and their difference. */
function filterBoth() {
  const both = (make) => Object.fromEntries(OPERATIONS.map((operation) => [operation, make(operation)]));
  const laid = both((operation) => lay(state.kernel, operation));
  const results = both((operation) => range(CHANNELS).map((channel) => filter(laid[operation], channel)));
  results.difference = results.correlation.map((values, channel) =>
    values.map((value, index) => {
      const other = results.convolution[channel][index];
      return Object.is(value, other) ? 0 : value - other; // equal infinities differ by nothing
    }));
  return { laid, results, shape: [laid.correlation.rows.outputs, laid.correlation.columns.outputs] };
}

/** Compute again what the core computed: how many numbers, and whether all differ by no more than rounding. */
function check() {
  const found = { numbers: 0, largest: 0, passed: true };
  for (const kernel of kernels) {
    const places = numbersOf(kernel.places), expected = numbersOf(kernel.expected);
    const half = expected.length / 2; // first all of correlation, then all of convolution
    OPERATIONS.map((operation) => lay(kernel, operation)).forEach((laid, which) => range(half).forEach((index) => {
      const [row, column] = places.subarray(2 * Math.floor(index / CHANNELS));
      const here = resultAt(laid, row, column, index % CHANNELS), core = expected[which * half + index];
      const gap = here === core || Object.is(here, core) ? 0 : Math.abs(here - core);
      found.numbers += 1;
      found.largest = Math.max(found.largest, gap);
      found.passed &&= gap <= kernel.tolerance;
    }));
  }
  return found;
}
