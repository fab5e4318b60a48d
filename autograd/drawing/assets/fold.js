
// Layers and neurons that open and close. Every box is in the page once; here the boxes that are shown are placed in
// columns from left to right, an open part as a frame with columns of its own, and joined by arrows.
const GAP = 18;
const SPACE = 56; // between columns
const PAD = 16; // of a frame
const HEAD = 34; // of a frame, with its name
const LANE = 9; // the height that an arrow takes which passes beside boxes
const FIRST = 16; // so many boxes at most are shown at first
const COLOURS = ["#2a6dc9", "#c2410c", "#15803d", "#9333ea", "#0e7490", "#dc2626", "#a16207", "#7c5cd6"];
const folds = data.parts.map((part, k) => ({ ...part, k, open: false, frame: null }));
const around = (part) => (part === null ? [] : [...around(folds[part].around), folds[part]]);
const chains = data.nodes.map((node) => around(node.part));
const boxOf = new Map(); // of every node and part, its element and where it was drawn
const drawn = (item) => boxOf.get(item);
const nodeItem = (k) => `node${k}`;
const partItem = (part) => `scope${part.k}`;
const layer = element(SVG, "g"); // of the frames and arrows, below the boxes
let arrows = new Map(); // of each operand, the arrow that shows it
let spots = new Map(); // where the boxes are now

resize(1); // a browser measures small letters badly
for (const item of [...data.nodes.map((_, k) => nodeItem(k)), ...folds.map(partItem)])
  boxOf.set(item, { group: byId(item), box: byId(item).getBBox() });
// The rows of closed parts: the texts of each node's data and gradient.
const rowsOf = new Map(folds.map((part) => [part, new Map()]));
for (const part of folds)
  for (const text of drawn(partItem(part)).group.querySelectorAll("[data-node]")) {
    const rows = rowsOf.get(part);
    const k = Number(text.dataset.node);
    const row = rows.get(k) ?? rows.set(k, { y: text.getBBox().y + text.getBBox().height / 2 }).get(k);
    row[text.classList.contains("grad") ? "grad" : "data"] = text;
    if (!row.group) text.before((row.group = element(SVG, "g", { role: "group", "aria-label": data.nodes[k].name })));
    row.group.append(text);
  }
plane.removeAttribute("transform");
plane.prepend(layer);

// What shows a node now: the outermost closed part around it, or its own box.
const closed = (k) => chains[k].find((part) => !part.open);
function itemOf(k) {
  const part = closed(k);
  return part ? partItem(part) : nodeItem(k);
}

// The columns of what is directly within a part (null: of the graph): an item's column is after those of its operands.
function columns(items, joins) {
  const rank = new Map();
  for (const item of items) {
    const before = joins.filter((join) => join.head === item && rank.has(join.tail));
    rank.set(item, Math.max(-1, ...before.map((join) => rank.get(join.tail))) + 1);
  }
  const heads = new Set(joins.map((join) => join.head));
  for (const item of items.filter((item) => !heads.has(item))) {
    const uses = joins.filter((join) => join.tail === item).map((join) => rank.get(join.head));
    if (uses.length) rank.set(item, Math.max(0, Math.min(...uses) - 1)); // a leaf is beside its first use
  }
  const made = [];
  for (const item of items) (made[rank.get(item)] ??= []).push(item);
  return made;
}

// Leave lanes beside the boxes of the columns before an item, for the arrows that come to it from outside of the frame.
function leaveLanes(made, inside, sizes) {
  const entering = new Map(); // of each item, the operands from outside
  for (const [k, item] of inside)
    data.nodes[k].operands.forEach(([parent], operand) => {
      if (!inside.has(parent)) entering.set(item, [...(entering.get(item) ?? []), `${k}_${operand}`]);
    });
  for (const [item, operands] of entering)
    made.slice(0, made.findIndex((column) => column.includes(item))).forEach((column, c) => {
      const lane = `lane${c} ${item}`;
      sizes.set(lane, { width: 0, height: LANE * operands.length, operands });
      if (operands[0].endsWith("_0")) column.unshift(lane);
      else column.push(lane);
    });
}

// Where an arrow to an operand of node `k` passes the boxes before it: {left, right, y} of each lane.
function lanesTo(k, operand, parent) {
  const lanes = [];
  for (const [depth, part] of chains[k].entries()) {
    if (!part.open) break;
    if (chains[parent].includes(part)) continue;
    const next = chains[k][depth + 1];
    for (let c = 0, lane; (lane = spots.get(`lane${c} ${next ? partItem(next) : nodeItem(k)}`)); c++) {
      const y = lane.y + LANE * (lane.operands.indexOf(`${k}_${operand}`) + 0.5);
      lanes.push({ left: lane.x, right: lane.x + lane.width, y });
    }
  }
  return lanes;
}

// Places of everything within a part, from its own corner: {width, height, places}, a place for each box and frame.
function arranged(part, depth) {
  const inside = new Map(); // what of this part a node belongs to, and its last position in the order
  const sizes = new Map();
  data.nodes.forEach((_, k) => {
    const chain = chains[k];
    if (part ? chain[depth - 1] !== part : false) return;
    const next = chain[depth];
    const item = next ? partItem(next) : nodeItem(k);
    inside.set(k, item);
    if (sizes.has(item)) return;
    sizes.set(item, next?.open ? arranged(next, depth + 1) : drawn(item).box);
  });
  const last = new Map();
  for (const [k, item] of inside) last.set(item, k);
  const items = [...sizes.keys()].sort((a, b) => last.get(a) - last.get(b));
  const joins = new Map();
  for (const [k, head] of inside)
    data.nodes[k].operands.forEach(([parent, label]) => {
      const tail = inside.get(parent);
      if (!tail || tail === head) return;
      const words = head === nodeItem(k) ? label.length * 7.5 + 24 : 90;
      const known = joins.get(`${tail} ${head}`);
      joins.set(`${tail} ${head}`, { tail, head, words: Math.max(words, known?.words ?? 0) });
    });
  const list = [...joins.values()];
  const made = columns(items, list);
  if (part) leaveLanes(made, inside, sizes);
  const height = Math.max(0, ...made.map((column) => column.reduce((sum, item) => sum + sizes.get(item).height + GAP, -GAP)));
  const places = new Map();
  let x = 0;
  made.forEach((column, c) => {
    const entering = list.filter((join) => column.includes(join.head));
    if (c) x += Math.max(SPACE + Math.min(100, 3 * entering.length), ...entering.map((join) => join.words + SPACE / 2));
    const width = Math.max(...column.map((item) => sizes.get(item).width));
    let y = (height - column.reduce((sum, item) => sum + sizes.get(item).height + GAP, -GAP)) / 2;
    for (const item of column) {
      const size = sizes.get(item);
      const left = x + (width - size.width) / 2;
      if (size.operands) places.set(item, { ...size, x, y, width }); // a lane
      else places.set(item, { x: left, y, width: size.width, height: size.height });
      for (const [inner, spot] of size.places ?? []) places.set(inner, { ...spot, x: spot.x + left, y: spot.y + y });
      y += size.height + GAP;
    }
    x += width;
  });
  if (!part) return { width: x, height, places };
  const moved = new Map([...places].map(([item, spot]) => [item, { ...spot, x: spot.x + PAD, y: spot.y + HEAD }]));
  return { width: Math.max(x + 2 * PAD, part.name.length * 9 + 60), height: height + HEAD + PAD, places: moved };
}

// Where an arrow ends or starts at the box of an item: at the row of its operand, or in the middle.
function port(item, k, operand) {
  const spot = spots.get(item);
  const part = closed(k);
  if (!part) {
    const of = data.nodes[k].operands.length;
    return spot.y + spot.height * (operand === undefined ? 0.5 : (operand + 0.5) / of);
  }
  const rows = rowsOf.get(part);
  const parts = [...rows.values()];
  const row = operand === undefined ? rows.get(k) : parts[part.rows?.[k]?.[operand]];
  return row ? spot.y + row.y - drawn(item).box.y : spot.y + spot.height / 2;
}

function arrow(id, from, to, colour, label, dense) {
  const [x2, y2] = [to.x - 9, to.y];
  let { x, y } = from;
  let d = `M${x} ${y}`;
  for (const { left, right, y: next } of [...to.lanes, { left: x2, right: x2, y: y2 }]) {
    const bend = Math.max(24, Math.abs(left - x) / 2);
    d += `C${x + bend} ${y} ${left - bend} ${next} ${left} ${next}H${right}`;
    [x, y] = [right, next];
  }
  const line = element(SVG, "path", { class: "line", d });
  const tip = element(SVG, "polygon", { points: `${x2},${y2 - 4} ${x2 + 9},${y2} ${x2},${y2 + 4}` });
  const group = element(SVG, "g", { class: colour ? "edge coloured" : "edge", id }, line, tip);
  if (colour) for (const [part, name] of [[line, "stroke"], [tip, "stroke"], [tip, "fill"]]) part.setAttribute(name, colour);
  layer.append(group);
  if (label) {
    const text = element(SVG, "text", { x: x2 - 8, y: y2 - 6, "text-anchor": "end", "font-size": 13, fill: colour ?? "#111827" }, label);
    group.append(text);
    if (dense) group.classList.add("dense");
    const { x, y, width, height } = text.getBBox();
    text.before(element(SVG, "rect", { x: x - 3, y, width: width + 6, height }));
  }
  return group;
}

function joinAll() {
  const wanted = new Map();
  data.nodes.forEach((node, k) => {
    const head = itemOf(k);
    const own = head === nodeItem(k) || closed(k).rows;
    node.operands.forEach(([parent, label], operand) => {
      const tail = itemOf(parent);
      if (tail === head) return;
      const id = own ? `edge${k}_${operand}` : `edge_${tail}_${head}`;
      const join = wanted.get(id) ?? { tail, head, k, operand, parent, label: head === nodeItem(k) ? label : "", parents: new Set(), of: [], own };
      join.parents.add(parent);
      join.of.push(`${k}_${operand}`);
      wanted.set(id, join);
    });
  });
  const leaving = new Map();
  for (const join of wanted.values()) leaving.set(join.tail, (leaving.get(join.tail) ?? 0) + 1);
  arrows = new Map();
  let colours = 0;
  for (const [id, join] of wanted) {
    const [tail, head] = [spots.get(join.tail), spots.get(join.head)];
    const several = join.parents.size > 1;
    const from = { x: tail.x + tail.width, y: several ? tail.y + tail.height / 2 : port(join.tail, join.parent) };
    const to = { x: head.x, lanes: lanesTo(join.k, join.operand, join.parent), y: join.own ? port(join.head, join.k, join.operand) : head.y + head.height / 2 };
    const colour = leaving.get(join.tail) > 2 && !data.nodes[join.parent].constant ? COLOURS[colours++ % COLOURS.length] : null;
    const dense = head.height / data.nodes[join.k].operands.length < 15; // labels would lie on each other
    const group = arrow(id, from, to, colour, several ? word("{n} values", { n: join.parents.size }) : join.label, join.own && dense);
    if (data.nodes[join.parent].constant) group.classList.add("still");
    for (const key of join.of) arrows.set(key, group);
  }
}

// The labels, where the numbers have changed.
function labelArrows() {
  for (const [key, group] of arrows) {
    const [k, operand] = key.split("_").map(Number);
    const text = group.querySelector("text");
    if (text && itemOf(k) === nodeItem(k)) write(text, data.nodes[k].operands[operand][1]);
  }
}

function frame(part, spot) {
  const name = element(SVG, "text", { x: spot.x + 34, y: spot.y + 22, "font-size": 14, fill: "#4b5563" }, part.name);
  const ground = element(SVG, "rect", { class: "frame", x: spot.x, y: spot.y, width: spot.width, height: spot.height, rx: 10 });
  const bar = element(SVG, "rect", { class: "bar", x: spot.x + 4, y: spot.y + 4, width: Math.max(60, part.name.length * 9 + 44), height: 26, rx: 6 });
  const sign = element(SVG, "path", { class: "sign-mark", d: `M${spot.x + 14} ${spot.y + 17}h12` });
  const button = element(SVG, "g", { class: "fold", id: `open${part.k}`, ...toggleable(part) }, bar, sign, name);
  layer.append(ground);
  drawn(partItem(part)).group.before(button); // so that Tab reaches it in that order
  part.frame = button;
  button.addEventListener("click", () => toggleFold(part));
  onEnter(button, part);
}

const toggleable = (part) => ({
  role: "button",
  tabindex: 0,
  "aria-expanded": part.open,
  "aria-label": part.name,
});

function onEnter(target, part) {
  target.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggleFold(part);
  });
}

// Open or close a part; the reader's eyes and the focus stay with it.
function toggleFold(part) {
  part.open = !part.open;
  showParts();
  refresh();
  const target = part.open ? part.frame : part.button;
  target.focus({ preventScroll: true });
  const spot = spots.get(partItem(part));
  follow([part.open && spot.height > 400 ? { ...spot, height: 60, width: 60 } : spot]);
}

function showParts() {
  layer.replaceChildren();
  for (const part of folds) {
    part.frame?.remove();
    part.frame = null;
  }
  const whole = arranged(null, 0);
  spots = whole.places;
  for (const [item, { group, box }] of boxOf) {
    const spot = spots.get(item);
    const part = item.startsWith("scope") ? folds[item.slice(5)] : null;
    const visible = spot && !part?.open;
    group.setAttribute("display", visible ? "inline" : "none");
    if (visible) group.setAttribute("transform", `translate(${spot.x - box.x} ${spot.y - box.y})`);
  }
  for (const part of folds) if (part.open && spots.has(partItem(part))) frame(part, spots.get(partItem(part)));
  joinAll();
  setNatural(-28, -28, whole.width + 56, whole.height + 56);
}

for (const part of folds) {
  const { group, box } = drawn(partItem(part));
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", part.name);
  // What opens it: the head of a card, the whole box of a layer.
  const cover = { x: box.x, y: box.y, width: box.width, height: part.rows ? 27 : box.height, fill: "transparent" };
  part.button = element(SVG, "g", { class: "fold", id: `closed${part.k}`, ...toggleable(part) }, element(SVG, "rect", cover));
  group.append(part.button);
  group.classList.add("closed");
  group.addEventListener("click", () => toggleFold(part));
  onEnter(part.button, part);
}
// What is open at first: the layers, whose neurons are cards; or as many parts as leave a picture that can be overlooked,
// where a neuron with few others is no card.
const count = () => new Set(data.nodes.map((_, k) => itemOf(k))).size;
const layers = new Set(folds.filter((part) => part.rows).flatMap((part) => around(part.around)));
for (const part of folds) {
  const opens = { nothing: false, layers: layers.has(part), some: !part.rows || data.nodes.length <= FIRST };
  if (!opens[data.opened]) continue;
  part.open = true;
  if (data.opened === "some" && count() > FIRST) part.open = false;
}

// What the steps need: where a node is shown, and the arrow of an operand.
function spotOf(k) {
  const item = itemOf(k);
  const { x, y, width, height } = spots.get(item);
  const part = closed(k);
  const row = part?.rows && rowsOf.get(part).get(k);
  const box = row ? { x, y: y + row.y - drawn(item).box.y - 10, width, height: 20, row: true } : { x, y, width, height };
  return { group: row?.group ?? drawn(item).group, box };
}
spoken.push(() => {
  showParts(); // in whose arrows are words
  follow([]);
});
