// Colours: those of the style sheet, which has them for light and for dark, as numbers to mix.

const SHADES = 256; // of a colour, from the paper to the full one
const colours = { classes: [], ink: "", paper: [0, 0, 0], signed: new Uint32Array(2 * SHADES + 1) };

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(name).trim();
  const numbers = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
  colours.classes = Array.from({ length: MOST_CLASSES }, (_, k) => numbers(named(`--class-${k}`)));
  for (const name of ["ink", "muted", "line", "card", "accent", "train", "test"]) colours[name] = named(`--${name}`);
  colours.paper = numbers(named("--plane"));
  colours.negative = colours.classes[0];
  colours.positive = colours.classes[1];
  // From `negative` by the paper to `positive`.
  colours.signed.forEach((_, k) => {
    const share = (0.66 * Math.abs(k - SHADES)) / SHADES;
    colours.signed[k] = pixelOf(...tinted(k < SHADES ? colours.negative : colours.positive, share));
  });
  marks.clear();
}

const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

// A colour as one number of an image, whose bytes are red, green, blue and opacity.
const pixel = new Uint8ClampedArray([0, 0, 0, 255]);
const pixelNumber = new Uint32Array(pixel.buffer);
function pixelOf(red, green, blue) {
  pixel[0] = red;
  pixel[1] = green;
  pixel[2] = blue;
  return pixelNumber[0];
}

// The paper with a share of a colour, as three numbers.
const tinted = (colour, share) => colours.paper.map((c, k) => c + share * (colour[k] - c));

// The mixture of the colours of the classes by their probabilities.
function mixedClasses(probabilities) {
  const n = probabilities.length;
  const certain = Math.max(0, (Math.max(...probabilities) - 1 / n) / (1 - 1 / n)) || 0;
  const mixed = [0, 1, 2].map((c) => probabilities.reduce((sum, p, k) => sum + p * colours.classes[k][c], 0));
  return pixelOf(...tinted(mixed, 0.26 + 0.4 * certain));
}

// The marks of the classes differ in shape too. Draws around the origin.
function markPath(context, label, r) {
  context.beginPath();
  const corners = [null, 4, 3, 5, 6, 3, 4, 5][label];
  if (!corners) {
    context.arc(0, 0, r, 0, 2 * Math.PI);
    return;
  }
  const turn = label === 1 ? Math.PI / 4 : label === 5 ? Math.PI / 2 : -Math.PI / 2;
  for (let k = 0; k < corners; k++) {
    const angle = turn + (2 * Math.PI * k) / corners;
    context.lineTo(1.2 * r * Math.cos(angle), 1.2 * r * Math.sin(angle));
  }
  context.closePath();
}

// A mark at a point. Each look is drawn once, and copied from then on: there are hundreds a frame.
function drawMark(context, x, y, label, { r = 4.2, hollow = false, chosen = false } = {}) {
  if (chosen) {
    context.beginPath();
    context.arc(x, y, r + 5, 0, 2 * Math.PI);
    context.lineWidth = 2.5;
    context.strokeStyle = colours.ink;
    context.stroke();
  }
  const key = `${label} ${r} ${hollow}`;
  if (!marks.has(key)) marks.set(key, drawnMark(label, r, hollow));
  const half = r + 4;
  context.drawImage(marks.get(key), x - half, y - half, 2 * half, 2 * half);
}

const marks = new Map();

function drawnMark(label, r, hollow) {
  const half = r + 4;
  const mark = new OffscreenCanvas(Math.ceil(2 * half * ratio()), Math.ceil(2 * half * ratio()));
  const context = mark.getContext("2d");
  context.scale(ratio(), ratio());
  context.translate(half, half);
  markPath(context, label, r);
  context.lineWidth = hollow ? 3.6 : 1.2;
  context.strokeStyle = hollow ? css(colours.classes[label]) : colours.ink;
  context.fillStyle = hollow ? colours.card : css(colours.classes[label]);
  if (hollow) context.stroke();
  context.fill();
  if (!hollow) context.stroke();
  return mark;
}

const ratio = () => Math.min(window.devicePixelRatio || 1, 2);

// The sizes of canvases, in units of the page: to ask for them each time would lay out the page again.
const canvasSizes = new Map();
const canvasObserver = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) canvasSizes.set(target, [contentRect.width, contentRect.height]);
});

function sizeOf(canvas) {
  if (!canvasSizes.has(canvas)) {
    canvasSizes.set(canvas, [canvas.clientWidth, canvas.clientHeight]);
    canvasObserver.observe(canvas);
  }
  return canvasSizes.get(canvas);
}

// A canvas whose pixels are those of the screen; returns its context in units of the page.
function sized(canvas) {
  const [width, height] = sizeOf(canvas);
  const [columns, rows] = [Math.round(width * ratio()), Math.round(height * ratio())];
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  context.setTransform(ratio(), 0, 0, ratio(), 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
