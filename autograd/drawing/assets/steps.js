
// The steps: every state is shown from the data of the page, by buttons, keys, the scrubber or a clock.
const MATHML = byId("formula").firstElementChild.namespaceURI;
let steps = [...data.forward, ...data.backward];
const evaluations = data.forward.length;

const formula = ([name, ...children]) =>
  element(MATHML, name, {}, ...children.map((child) => (typeof child === "string" ? child : formula(child))));

// Classes as they are: what does not change is not touched.
const toggled = new Map();
function toggle(target, name, on) {
  const names = toggled.get(target) ?? toggled.set(target, {}).get(target);
  if (Boolean(names[name]) === on) return;
  names[name] = on;
  target.classList.toggle(name, on);
}

// The nodes: what the picture and the table show of each, and where it is.
const operation = new Map(data.forward.map((step, k) => [step.node, k]));

function row(node) {
  const make = (name, role, text = "") => {
    const made = Object.assign(document.createElement(name), { textContent: text });
    made.setAttribute("role", role); // laid out as a grid, a table loses its own
    return made;
  };
  const cells = [make("th", "rowheader"), ...["", "", ""].map(() => make("td", "cell"))];
  const line = make("tr", "row");
  for (const part of node.name.split(/(?<=[._])/)) cells[0].append(part, document.createElement("wbr"));
  line.append(...cells);
  byId("known").append(line);
  return { line, cells };
}

byId("known").classList.toggle("long", data.nodes.length > 200);
const groups = data.nodes.map((_, k) => byId(`node${k}`));
const boxes = groups.map((group, k) => (data.parts ? drawn(nodeItem(k)).box : group.getBBox())); // before any change
function doneMark(group, box) {
  const mark = element(SVG, "g", { class: "done-mark", transform: `translate(${box.x + box.width - 3} ${box.y + 3})` });
  mark.append(element(SVG, "circle", { r: 9 }), element(SVG, "path", { d: "M-4 0.5l3 3 5-6" }));
  group.append(mark);
}
const nodes = data.nodes.map((node, k) => {
  const group = groups[k];
  const box = boxes[k];
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", node.name || group.textContent);
  const [shownData, shownGrad] = ["data", "grad"].map((name) => group.querySelector(`text.${name}`));
  const brief = node.brief ?? shownData.textContent; // as the picture writes it
  if (node.constant) return { ...node, group, box, brief, shownData };
  doneMark(group, box);
  return { ...node, group, box, brief, shownData, shownGrad, gradName: shownGrad.previousElementSibling, row: row(node) };
});

// Where a node is shown, which in a graph with parts may be in a row of one that is closed; and an operand's arrow.
const spot = (k) => (data.parts ? spotOf(k) : nodes[k]);
const arrowOf = (k, operand) => (data.parts ? arrows.get(`${k}_${operand}`) : byId(`edge${k}_${operand}`));
const rows = data.nodes.map((_, k) => (data.parts ? chains[k].map((part) => rowsOf.get(part).get(k)).filter(Boolean) : []));
if (data.parts) for (const part of folds) doneMark(drawn(partItem(part)).group, drawn(partItem(part)).box);

// The current step: an outline around a node, and a word on its upper side.
function marker(kind, ...words) {
  const outline = element(SVG, "rect", { class: `halo ${kind}` });
  plane.prepend(outline); // below the nodes and arrows
  const tags = words.map((text) => {
    const tag = element(SVG, "g", { class: `tag ${kind}` }, element(SVG, "rect", { y: -11, height: 14 }), element(SVG, "text"));
    plane.append(tag);
    spoken.push(() => {
      tag.lastChild.textContent = word(text);
      const wide = tag.lastChild.getComputedTextLength() + 10;
      tag.firstChild.setAttribute("x", -wide / 2);
      tag.firstChild.setAttribute("width", wide);
    });
    return tag;
  });
  return (node, text) => {
    outline.setAttribute("visibility", node ? "visible" : "hidden");
    tags.forEach((tag, k) => tag.setAttribute("visibility", node && words[k] === text ? "visible" : "hidden"));
    if (!node) return;
    if (data.parts) plane.append(outline, ...tags); // above the boxes, of which it may mark a row
    const { x, y, width, height } = node.box;
    const { row } = node.box; // a line of a card: the word is beside it
    const [wide, high] = row ? [4, 1] : [7, 7];
    const around = { x: x - wide, y: y - high, width: width + 2 * wide, height: height + 2 * high };
    for (const [key, value] of Object.entries(around)) outline.setAttribute(key, value);
    for (const tag of tags) tag.setAttribute("transform", row ? `translate(${x + width + 40} ${y + 14})` : `translate(${x + width / 2} ${y - 3})`);
  };
}
const markNode = marker("upstream", "upstream", "calculated");
const markParent = marker("contribution", "receives");
let currentEdges = [];
let currentNodes = [];

// Each move shows the whole state again, so that a state looks the same however it is reached.
let forward = data.beginForward;
let place = 0; // steps taken
let changed = null;
const length = () => (forward ? steps.length : steps.length - evaluations);

function gradients(taken) {
  const state = nodes.map((node) => ({ grad: node.grad, received: 0 }));
  if (taken > evaluations) for (const [k, grad] of data.started) state[k].grad = grad;
  for (const step of steps.slice(evaluations, Math.max(taken, evaluations))) {
    state[step.parent].grad = step.total;
    state[step.parent].received += 1;
  }
  return state;
}

function showGraph(taken, step) {
  const state = gradients(taken);
  const started = taken > evaluations;
  const incomplete = new Set(); // parts with gradients that are not complete
  nodes.forEach((node, k) => {
    const known = !operation.has(k) || operation.get(k) < taken;
    const { grad, received } = state[k];
    const complete = started && !node.constant && received === node.expected;
    write(node.shownData, known ? node.brief : "–");
    toggle(node.group, "unknown", !known);
    toggle(node.group, "complete", complete);
    for (const row of rows[k]) write(row.data, known ? node.brief : "–");
    if (node.constant) return;
    const [exact, brief] = grad ?? ["–", "–"];
    write(node.shownGrad, brief);
    const old = grad && !received && (!started || (node.leaf && k !== nodes.length - 1)); // from an earlier pass
    write(node.gradName, word(old ? "old grad" : "grad"));
    toggle(node.group, "old", old);
    for (const row of rows[k]) {
      write(row.grad, brief);
      toggle(row.grad, "old", old);
    }
    if (!complete && data.parts) for (const part of chains[k]) incomplete.add(part);
    toggle(node.row.line, "old", old);
    const [, dataCell, gradCell, stateCell] = node.row.cells;
    write(dataCell, known ? node.data : "–");
    write(gradCell, exact);
    write(stateCell, old ? word("earlier pass") : complete ? word("done ✓") : started ? word("{k} of {n}", { k: received, n: node.expected }) : "");
    toggle(stateCell, "complete-mark", complete);
  });
  if (data.parts) for (const part of folds) toggle(drawn(partItem(part)).group, "complete", !incomplete.has(part));
  for (const node of currentNodes) node.removeAttribute("aria-current");
  currentNodes = step ? [step.node, step.parent ?? step.node].map((k) => spot(k).group) : [];
  for (const node of currentNodes) node.setAttribute("aria-current", "step");
  for (const edge of currentEdges) edge.classList.remove("current", "ahead");
  const back = step && "parent" in step;
  currentEdges = step ? (back ? [step.operand] : step.operands).map((k) => arrowOf(step.node, k)).filter(Boolean) : [];
  for (const edge of currentEdges) edge.classList.add("current", ...(back ? [] : ["ahead"]));
  markNode(step && spot(step.node), back ? "upstream" : "calculated");
  markParent(back ? spot(step.parent) : null, "receives");
  changed?.classList.remove("changed");
  changed = step ? nodes[back ? step.parent : step.node].row?.line : null;
  changed?.classList.add("changed");
}

function showWords(taken, step) {
  const ahead = taken < evaluations || (taken === evaluations && forward && taken);
  const numbers = { k: place, n: length() };
  const pass = ahead ? "Forward pass, step {k} of {n}" : "Backward pass, step {k} of {n}";
  write(byId("place"), word(step ? pass : length() ? "Before step 1 of {n}" : "No steps", numbers));
  const own = chinese ? data.chinese : data;
  const sentence = step && (chinese ? data.chinese.sentences[taken - 1] : step.sentence);
  write(byId("sentence"), sentence || (forward ? own.startForward : own.startBackward));
  byId("formula").replaceChildren(...(step ? [formula(step.formula)] : []));
  const product = step && "parent" in step;
  byId("product").hidden = !product;
  if (product) {
    for (const part of ["upstream", "local", "contribution"]) write(byId(part), step[part]);
    const name = (k) => nodes[k].name;
    write(byId("upstream-name"), `∂${data.output}/∂${name(step.node)}`);
    write(byId("local-name"), `∂${name(step.node)}/∂${name(step.parent)}`);
    write(byId("contribution-name"), name(step.parent));
  }
}

function showControls() {
  const scrubber = byId("scrubber");
  scrubber.max = length();
  scrubber.value = place;
  scrubber.setAttribute("aria-valuetext", byId("place").textContent);
  for (const [id, off] of [["first", place === 0], ["back", place === 0], ["next", place === length()], ["last", place === length()]])
    byId(id).setAttribute("aria-disabled", String(off));
}

// Bring the current nodes into view, where the picture or the table is larger than its frame.
function followStep(step) {
  const last = step ? (step.parent ?? step.node) : forward ? 0 : nodes.length - 1;
  const shown = nodes[last].row?.line;
  if (shown) intoView(byId("table"), 0, shown.offsetTop - 40, 0, shown.offsetTop + shown.offsetHeight);
  follow(step ? [spot(step.node).box, spot(last).box] : []);
}

function current() {
  const taken = place + (forward ? 0 : evaluations);
  return [taken, place ? steps[taken - 1] : null];
}
refresh = () => showGraph(...current());

function go(to) {
  place = Math.max(0, Math.min(length(), to));
  const [taken, step] = current();
  followStep(step); // first, while the layout is known
  showGraph(taken, step);
  showWords(taken, step);
  showControls();
}

// Playing: one step after another until the end, or until someone takes over.
let timer = 0;
let quiet = false; // whether the numbers change by themselves
function showPlaying() {
  const name = timer ? "Pause" : "Play";
  write(byId("play-label"), word(name));
  if (options.beside) byId("play").setAttribute("aria-label", word(`${name} the pass`)); // the page has another button
  byId("play-icon").setAttribute("d", timer ? "M4 2h3v12H4zM9 2h3v12H9z" : "M4 2l9 6-9 6z");
  byId("sentence").setAttribute("aria-live", timer || quiet ? "off" : "polite"); // what changes by itself is not read out
}
function pause() {
  clearInterval(timer);
  timer = 0;
  showPlaying();
}
function play() {
  if (place === length()) go(0);
  timer = setInterval(() => {
    go(place + 1);
    if (place === length()) pause();
  }, Number(byId("speed").value));
  showPlaying();
}
function move(to) {
  pause();
  go(to);
}

byId("first").addEventListener("click", () => move(0));
byId("back").addEventListener("click", () => move(place - 1));
byId("next").addEventListener("click", () => move(place + 1));
byId("last").addEventListener("click", () => move(length()));
byId("play").addEventListener("click", () => (timer ? pause() : play()));
byId("scrubber").addEventListener("input", (event) => move(Number(event.target.value)));
byId("speed").addEventListener("change", () => {
  if (timer) {
    pause();
    play();
  }
});
byId("forward").addEventListener("change", (event) => {
  forward = event.target.checked;
  move(0);
});
keys.addEventListener("keydown", (event) => {
  const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: length() }[event.key];
  if (to === undefined || event.target.type === "number" || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault(); // else the scrubber, where it has the focus, would move once more
  move(to);
}, { signal });

// The same graph with other numbers: what is shown stays at its place.
function renew(fresh, changing = false) {
  Object.assign(data, fresh);
  quiet = changing;
  showPlaying();
  steps = [...data.forward, ...data.backward];
  data.nodes.forEach(({ data: exact, brief, grad }, k) => Object.assign(nodes[k], { data: exact, brief, grad }));
  labelArrows();
  const [taken, step] = current();
  showGraph(taken, step);
  showWords(taken, step);
}

spoken.push(() => {
  showPlaying();
  go(place);
});
byId("forward").checked = forward;
signal?.addEventListener("abort", pause);
Object.assign(board, { go, pause, renew });
