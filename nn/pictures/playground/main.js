// The page itself: the current settings, the training, what is drawn when, and `window.playground` for lessons.

const page = (id) => document.getElementById(id);
const WORK = 6; // milliseconds of training in one frame: the rest is for drawing

const embedded = JSON.parse(page("own-data").textContent);
let own = checkedData(embedded ?? { X: [], y: [] });
let options = initialSettings();
let training, maps;
let running = false;
let pending = false; // whether a frame is asked for
let chosen = null; // a row of the data
let focus = null; // a neuron whose picture is in the plane
let lastRedraw = 0;
let frames = 0;
let turn = 0; // of the parts beside the plane, which comes next
let interval = 16; // milliseconds between frames, about
let hurried = false; // whether the machine cannot draw the plane in each frame
const space = [Infinity, 0, 1];
const still = matchMedia("(prefers-reduced-motion: reduce)");

// What a setting changes

function set(name, value) {
  if (name === "Preset") return applyPreset(value);
  if (name === "Language") return setLanguage(checkedLanguage(value));
  const layer = /^Neurons in layer (\d+)$/.exec(name)?.[1];
  if (layer) {
    const widths = [...options["Hidden layers"]];
    if (layer < 1 || layer > MOST_LAYERS || layer > widths.length + 1) {
      throw new Error(t("there is no setting {name}", { name: JSON.stringify(name) }));
    }
    widths[layer - 1] = checkedNumber(name, value, { range: [1, MOST_NEURONS], whole: true });
    return change("Hidden layers", widths);
  }
  return change(name, checkedSetting(name, value));
}

function change(name, value) {
  options[name] = value;
  const changes = SETTINGS[name]?.changes ?? "network";
  if (changes === "data" || changes === "network") restart(changes === "data");
  else if (changes === "optimizer") training.startOptimizer();
  shown();
}

function applyPreset(name) {
  if (!Object.hasOwn(PRESETS, name)) {
    throw new Error(
      t("{name} cannot be {value}: choose {list}", {
        name: "Preset",
        value: JSON.stringify(name),
        list: Object.keys(PRESETS).join(", "),
      }),
    );
  }
  options = { ...initialSettings(), ...structuredClone(PRESETS[name]) };
  restart(true);
  shown(name);
}

function setLanguage(code) {
  language = code;
  shown(page("preset").value);
}

// Start again, with new points where `fresh` says so.
function restart(fresh = false) {
  const generatedData = () =>
    generated(options.Data, options.Points, options.Noise, options["Wrong labels"], options.Seed);
  const data = options.Data === "own" ? own : fresh || !training ? generatedData() : training.data;
  if (data !== training?.data) chosen = null;
  training = new Training(data, options);
  if (fresh || !maps) plane.fit(data);
  network.build(training);
  maps = new Maps(training.network.sizes);
  say("");
  pause();
}

function load(data) {
  own = checkedData(data);
  options.Data = "own";
  restart(true);
  shown();
}

// Points of the user's own

const act = {
  add(x1, x2, other) {
    const { X, y, classes, names, columns } = training.data;
    if (columns && X[0]?.length > 2) return say(t("a point of more than two numbers cannot be added by a click"));
    const label = Number(page("new-class").value) || 0;
    own = { X: [...X, [x1, x2]], y: [...y, other ? (label === 0 ? 1 : 0) : label], classes, names };
    edited(t("A point of class {label} is added.", { label: classes[own.y.at(-1)] }));
  },
  remove(row) {
    const { X, y } = training.data;
    own = { ...training.data, X: X.filter((_, k) => k !== row), y: y.filter((_, k) => k !== row) };
    edited(t("The point is removed."));
  },
  choose(row) {
    chosen = row;
    const { X, y, classes } = training.data;
    page("said").textContent = t("Point {k} is chosen: {numbers}, class {label}.", {
      k: row + 1,
      numbers: X[row].map((x) => short(x)).join(", "),
      label: classes[y[row]],
    });
    draw();
  },
  moved(cursor) {
    if (cursor) page("said").textContent = cursor.map((x) => short(x)).join(", ");
    draw();
  },
};

// The data are now the user's own: the weights stay, to show how training adapts to the new point.
function edited(text) {
  options.Data = "own";
  const { theta } = training.network;
  const wasRunning = running;
  training = new Training(own, options);
  training.network.theta.set(theta);
  training.history = [];
  training.record();
  chosen = null;
  page("said").textContent = text;
  say("");
  if (wasRunning) play();
  shown();
}

function readTable(text, what) {
  try {
    load(readCsv(text));
    say(t("{n} points were read.", { n: own.X.length }));
  } catch (error) {
    say(`${what}: ${error.message}`, true);
  }
}

// Playing

function play() {
  if (!training.train.y.length) return say(t("There are no points to learn: click into the plane to add some."));
  running = !training.diverged;
  showPlaying();
  draw();
}

function pause() {
  running = false;
  showPlaying();
}

function showPlaying() {
  page("play-name").textContent = running ? t("Pause") : t("Play");
  page("play-icon").setAttribute("d", running ? "M3 2h4v12H3zM9 2h4v12H9z" : "M4 2l9 6-9 6z");
}

function whole(n) {
  if (!Number.isInteger(n) || n < 0)
    throw new Error(t("a number of steps or epochs is a whole number from 0, not {n}", { n: String(n) }));
  return n;
}

function advance(n, once) {
  for (let k = whole(n); k > 0 && !training.diverged && training.train.y.length; k--) once();
  if (training.diverged) diverged();
  draw();
}

const step = (n = 1) => advance(n, () => training.step());
const epoch = (n = 1) => advance(n, () => training.finishEpoch());

function diverged() {
  pause();
  say(training.divergedText(), true);
}

function say(text, bad = false) {
  const message = page("message");
  message.hidden = !text;
  message.className = bad ? "bad" : "";
  if (message.textContent !== text) message.textContent = text;
}

// Drawing: at most once a frame

function draw() {
  if (!pending) requestAnimationFrame(frame);
  pending = true;
}

function frame(now) {
  pending = false;
  if (!running) return redraw(parts);
  training.finishEpoch(performance.now() + WORK);
  if (training.diverged) diverged();
  draw();
  if (still.matches && now - lastRedraw < 500) return; // who wants little motion sees two pictures a second
  if (still.matches) redraw(parts);
  else drawInTurns(now);
  lastRedraw = now;
}

// While training runs, the plane is drawn in each frame, and one of the parts beside it in every second frame. A machine
// on which this takes too long has frames without a picture in between: of two, one is the plane, one a part.
function drawInTurns(now) {
  interval += 0.1 * (Math.min(now - lastRedraw, 100) - interval);
  if (interval > 21) hurried = true;
  if (interval < 17.5) hurried = false;
  frames++;
  if (hurried) {
    if (frames % 4 === 1) redraw([]);
    if (frames % 4 === 3) nextPart()(); // of the plane as it was two frames ago
  } else redraw(frames % 2 ? [] : [nextPart()]);
}

const nextPart = () => parts[turn++ % parts.length];

const parts = [
  () => network.drawLines(training),
  () => network.drawPictures(training, maps, card.at),
  () => drawSpace(page("space"), training, maps, space),
  () => {
    showNumbers();
    drawCurves(page("curves"), training.history);
    showGradientSizes(page("gradients"), layerGradients(training));
  },
  () => card.draw(training, chosen, running),
];

function redraw(chosenParts) {
  maps.compute(training, plane.view);
  plane.draw(training, maps, chosen, focus);
  for (const part of chosenParts) part();
}

function showNumbers() {
  const { epoch: epochs, train, test } = training.history.at(-1);
  const percent = (x) => (x === null ? "–" : `${(100 * x).toFixed(1)}\u00a0%`);
  page("epochs").textContent = String(epochs);
  page("train-loss").textContent = short(train.loss);
  page("test-loss").textContent = short(test.loss);
  page("train-accuracy").textContent = percent(train.accuracy);
  page("test-accuracy").textContent = percent(test.accuracy);
}

// The controls show the settings, the address keeps them
function shown(preset = "") {
  controls.show(options);
  page("preset").value = preset;
  page("language").value = language;
  page("add-layer").disabled = options["Hidden layers"].length >= MOST_LAYERS;
  page("remove-layer").disabled = !options["Hidden layers"].length;
  translatePage();
  showPlaying();
  showFocus(focus);
  if (!space.picked) space[0] = Infinity; // the last hidden layer, until another is picked
  fillSpaceLists([page("space-layer"), page("space-across"), page("space-up")], training.network, space);
  showClasses();
  try {
    const fragment = fragmentOf(options, own, Boolean(embedded));
    history.replaceState(null, "", fragment ? `#${fragment}` : location.href.split("#")[0]);
  } catch {
    // a page within another, as in a notebook, may have no address of its own
  }
  draw();
}

function showClasses() {
  const { classes, names, columns = [0, 1], X } = training.data;
  const kinds = training.test.y.length
    ? [
        [t("train"), 0, false],
        [t("test"), 0, true],
      ]
    : [];
  const looks = [...classes.map((name, label) => [name, label, false]), ...kinds];
  page("classes").replaceChildren(...looks.map(([name, label, hollow]) => legendItem(name, label, hollow)));
  const before = page("new-class").value;
  page("new-class").replaceChildren(
    ...classes.map((name, label) => new Option(name, label, false, String(label) === before)),
  );
  document.querySelector(".axes").hidden = names.length < 3;
  ["horizontal", "vertical"].forEach((id, k) => {
    page(id).replaceChildren(...names.map((name, column) => new Option(name, column, false, column === columns[k])));
  });
  page("plane").dataset.points = X.length;
}

function legendItem(name, label, hollow) {
  const mark = document.createElement("canvas");
  mark.width = mark.height = 32;
  const context = mark.getContext("2d");
  context.scale(2, 2);
  drawMark(context, 8, 8, label, { hollow });
  const item = document.createElement("span");
  item.append(mark, name);
  return item;
}

function showFocus(at) {
  focus = at && at[0] < training.network.sizes.length && at[1] < training.network.sizes[at[0]] ? at : null;
  const title = page("world-title");
  title.textContent = focus
    ? t("Neuron {k} of layer {layer}", { k: focus[1] + 1, layer: focus[0] })
    : t("What it predicts");
}

// Everything is connected

translateFrom(navigator.language);
function translateFrom(code) {
  if (code?.toLowerCase().startsWith("zh")) language = "zh-CN";
}

const plane = new Plane(page("plane"), act);
const network = new NetworkPicture(document.querySelector(".frame"), {
  open(layer, k) {
    card.open([layer, k]);
    card.draw(training, chosen);
  },
  focus(at) {
    showFocus(at);
    draw();
  },
  connectWidth(layer, field) {
    const setWidth = (n) => set(`Neurons in layer ${layer}`, n);
    connect(
      field,
      () => typedNumber(field),
      () => options["Hidden layers"][layer - 1],
      setWidth,
      (error) => say(error.message, true),
    );
  },
  placed: draw,
});
const card = new Card(page("card"), (row) => {
  chosen = row;
  draw();
});
const controls = new Controls(set, (error) => say(error.message, true));

for (const [code, name] of Object.entries(LANGUAGES)) page("language").append(new Option(name, code));
page("language").addEventListener("change", (event) => setLanguage(event.target.value));
const none = new Option("–", "");
page("preset").append(none);
for (const name of Object.keys(PRESETS)) {
  const option = new Option(name, name);
  option.dataset.t = name;
  page("preset").append(option);
}
page("preset").addEventListener("change", (event) => event.target.value && applyPreset(event.target.value));

page("play").addEventListener("click", () => (running ? pause() : play()));
page("step").addEventListener("click", () => step());
page("epoch").addEventListener("click", () => epoch());
page("reset").addEventListener("click", () => reset());
page("add-layer").addEventListener("click", () => {
  const widths = options["Hidden layers"];
  change("Hidden layers", [...widths, widths.at(-1) ?? 4]);
});
page("remove-layer").addEventListener("click", () => change("Hidden layers", options["Hidden layers"].slice(0, -1)));
["space-layer", "space-across", "space-up"].forEach((id, k) => {
  page(id).addEventListener("change", (event) => {
    space[k] = Number(event.target.value);
    space.picked = true;
    shown(page("preset").value);
  });
});
["horizontal", "vertical"].forEach((id) => {
  page(id).addEventListener("change", () => {
    own = { ...own, columns: [Number(page("horizontal").value), Number(page("vertical").value)] };
    restart(true);
    shown();
  });
});
page("csv-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) readTable(await file.text(), file.name);
});
page("csv-use").addEventListener("click", () => readTable(page("csv-text").value, "CSV"));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) readTable(await file.text(), file.name);
});
window.addEventListener("hashchange", () => readAddress());
new ResizeObserver(draw).observe(document.querySelector("main"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColours();
  showClasses();
  draw();
});

function reset() {
  restart();
  shown(page("preset").value);
}

function readAddress() {
  const found = readFragment(location.hash.slice(1));
  if (found.own) own = found.own;
  options = { ...initialSettings(), ...(embedded ? { Data: "own" } : {}), ...found.options };
  if (Object.hasOwn(LANGUAGES, found.language ?? "")) language = found.language;
  restart(true);
  shown();
}

readColours();
readAddress();

window.playground = {
  set,
  step,
  epoch,
  reset,
  load,
  play,
  pause,
  state() {
    const [train, test] = [training.measure(training.train), training.measure(training.test)];
    return {
      epoch: training.epoch,
      steps: training.steps,
      trainLoss: train.loss,
      testLoss: test.loss,
      trainAccuracy: train.accuracy,
      testAccuracy: test.accuracy,
      layers: [...training.network.sizes],
      running,
      diverged: training.diverged ? training.divergedText() : null,
      options: structuredClone(options),
    };
  },
  data() {
    const { X, y, classes, names } = training.data;
    return structuredClone({ X, y, classes, names, train: training.train.rows, test: training.test.rows });
  },
  parameters: () => [...training.network.theta],
  gradient: () => [...training.fullGradient()],
  predict(x) {
    if (Array.isArray(x[0]) || ArrayBuffer.isView(x[0])) return Array.from(x, (row) => this.predict(row));
    const outputs = [...training.outputs(Number(x[0]), Number(x[1]))];
    return outputs.length === 1 ? outputs[0] : outputs;
  },
  rules,
};
