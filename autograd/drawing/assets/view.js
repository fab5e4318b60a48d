
// The picture in its frame: the whole graph at first, then zoomed by wheel, pinch, keys and buttons, and dragged.
const picture = byId("picture");
const graph = picture.querySelector("svg");
const plane = graph.querySelector("g");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const { e: originX, f: originY } = plane.transform.baseVal.consolidate().matrix;
let { x: viewLeft, y: viewTop, width: naturalWidth, height: naturalHeight } = graph.viewBox.baseVal;
viewLeft -= originX;
viewTop -= originY;

const LARGEST = 4;
const READABLE = 0.8; // the scale from which on every text is at least 10 pixels high
const NEARLY = 0.6; // from here on, the whole in view is worth more
const MARGIN = 20; // pixels of the frame that the picture leaves free
const BUTTONS = 44; // pixels at the upper edge, where the buttons are
let scale = 1;
let lastScale = 1;
let zoom = "auto"; // "auto": the whole, but nearly readable while stepping; "fit": the whole; "own": as the reader zoomed
let followed = []; // the boxes that are kept in view

const fitting = () => {
  const [across, down] = [(picture.clientWidth - MARGIN) / naturalWidth, (picture.clientHeight - MARGIN) / naturalHeight];
  return Math.max(0.01, Math.min(1.5, across, down)); // a cell of a notebook that is out of view has no size yet
};
const smallest = () => Math.min(fitting(), READABLE);

function resize(to) {
  if (to === scale) return false;
  scale = lastScale = to;
  graph.setAttribute("width", naturalWidth * scale);
  graph.setAttribute("height", naturalHeight * scale);
  return true;
}

// The picture has another size from now on.
function setNatural(left, top, width, height) {
  [viewLeft, viewTop, naturalWidth, naturalHeight] = [left, top, width, height];
  graph.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  scale = 0; // unknown, so that it is set
  setHeight();
  if (zoom === "own") resize(Math.max(smallest(), lastScale));
}

// Zoom so that the point of the screen stays where it is; without one, the middle of the frame does.
function zoomBy(factor, x, y) {
  const frame = picture.getBoundingClientRect();
  x ??= frame.left + frame.width / 2;
  y ??= frame.top + frame.height / 2;
  const before = graph.getBoundingClientRect();
  const [across, down] = [(x - before.left) / scale, (y - before.top) / scale];
  zoom = "own";
  if (!resize(Math.max(smallest(), Math.min(LARGEST, scale * factor)))) return false;
  const after = graph.getBoundingClientRect();
  picture.scrollLeft += after.left + across * scale - x;
  picture.scrollTop += after.top + down * scale - y;
  return true;
}

function fit() {
  zoom = "fit";
  resize(fitting());
}

// Scroll `frame` so that a rectangle in it is in view.
function intoView(frame, left, top, right, bottom, instantly = false) {
  const shift = (low, high, from, size) => (low >= from && high <= from + size ? from : (low + high - size) / 2);
  const to = {
    left: shift(left, right, frame.scrollLeft, frame.clientWidth),
    top: shift(top, bottom, frame.scrollTop, frame.clientHeight),
  };
  const stays = to.left === frame.scrollLeft && to.top === frame.scrollTop; // but may be on its way elsewhere
  frame.scrollTo({ ...to, behavior: instantly || stays || still.matches ? "instant" : "smooth" });
}

// Bring boxes of the graph into view: all of them where they fit, else the last one.
function follow(boxes) {
  followed = boxes;
  let resized = false;
  if (zoom === "auto") resized = resize(boxes.length && fitting() < NEARLY ? READABLE : fitting());
  if (zoom === "fit") resized = resize(fitting());
  const shift = graph.getBoundingClientRect();
  const frame = picture.getBoundingClientRect();
  const [left0, top0] = [shift.left - frame.left + picture.scrollLeft, shift.top - frame.top + picture.scrollTop];
  for (const some of [boxes, boxes.slice(-1)]) {
    if (!some.length) return;
    const left = left0 + scale * (Math.min(...some.map((b) => b.x)) - 12 - viewLeft);
    const top = top0 - BUTTONS + scale * (Math.min(...some.map((b) => b.y)) - 20 - viewTop);
    const right = left0 + scale * (Math.max(...some.map((b) => b.x + b.width)) + 16 - viewLeft);
    const bottom = top0 + scale * (Math.max(...some.map((b) => b.y + b.height)) + 16 - viewTop);
    const fits = right - left <= picture.clientWidth && bottom - top <= picture.clientHeight;
    if (some.length > 1 && !fits) continue;
    intoView(picture, left, top, right, bottom, resized);
    return;
  }
}

// The frame is as high as the picture needs where it can be read, up to half of the window.
function setHeight() {
  if (data.alone) return; // the style sheet says it
  const needed = naturalHeight * Math.max(READABLE, Math.min(1.5, (picture.clientWidth - MARGIN) / naturalWidth)) + MARGIN + 2;
  picture.style.height = `${Math.max(160, Math.min(0.5 * innerHeight, needed))}px`;
}

byId("zoom-in").addEventListener("click", () => zoomBy(1.25));
byId("zoom-out").addEventListener("click", () => zoomBy(0.8));
byId("fit").addEventListener("click", fit);
const { keys = document, signal } = options; // where keys are pressed for this board, and when it is no more
keys.addEventListener("keydown", (event) => {
  if (event.target.type === "number" || event.altKey || event.ctrlKey || event.metaKey) return;
  const act = { "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: fit }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}, { signal });
picture.addEventListener("wheel", (event) => {
  if (event.shiftKey) return; // scrolls sideways
  const pixels = event.deltaY * [1, 16, 160][event.deltaMode];
  const zoomed = zoomBy(Math.exp(-Math.max(-60, Math.min(60, pixels)) * (event.ctrlKey ? 0.01 : 0.003)), event.clientX, event.clientY);
  if (zoomed || event.ctrlKey) event.preventDefault(); // at its end, the wheel scrolls the page
}, { passive: false });

// A mouse drags; a finger scrolls by itself, and two fingers zoom.
let grabbed = null;
picture.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "touch" || event.button !== 0) return;
  grabbed = { x: event.clientX, y: event.clientY, left: picture.scrollLeft, top: picture.scrollTop };
});
picture.addEventListener("pointermove", (event) => {
  if (!grabbed) return;
  if (Math.hypot(event.clientX - grabbed.x, event.clientY - grabbed.y) > 4 && !picture.classList.contains("grabbed")) {
    picture.setPointerCapture(event.pointerId); // from here on it is no click
    picture.classList.add("grabbed");
  }
  picture.scrollLeft = grabbed.left + grabbed.x - event.clientX;
  picture.scrollTop = grabbed.top + grabbed.y - event.clientY;
});
for (const end of ["pointerup", "pointercancel"])
  picture.addEventListener(end, () => {
    grabbed = null;
    picture.classList.remove("grabbed");
  });
let spread = 0; // the distance of two fingers
const fingers = ([a, b]) => [Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2];
picture.addEventListener("touchstart", (event) => {
  if (event.touches.length === 2) [spread] = fingers(event.touches);
}, { passive: true });
picture.addEventListener("touchmove", (event) => {
  if (event.touches.length !== 2) return;
  event.preventDefault();
  const [distance, x, y] = fingers(event.touches);
  zoomBy(distance / spread, x, y);
  spread = distance;
}, { passive: false });

addEventListener("resize", () => {
  setHeight();
  follow(followed);
}, { signal });
setHeight();
follow([]);
Object.defineProperty(board, "scale", { get: () => scale });
Object.assign(board, { graph, picture });
