// Every setting: its name (the accessible name of its control), what values it may have, and what it changes:
// "data" makes the points again, "network" starts again with the same points, "training" only changes the next steps.

const SETTINGS = {
  Data: { group: "points", changes: "data", list: [...Object.keys(SHAPES), "own"], initial: "moons" },
  Points: { group: "points", changes: "data", range: [4, 2000], whole: true, initial: 200, step: 20 },
  Noise: { group: "points", changes: "data", range: [0, 1], initial: 0.12, step: 0.02 },
  "Wrong labels": { group: "points", changes: "data", range: [0, 1], initial: 0, step: 0.05 },
  "Test share": { group: "points", changes: "network", range: [0, 1], initial: 0.3, step: 0.05 },
  Standardize: { group: "points", changes: "network", box: true, initial: false },
  Seed: { group: "points", changes: "data", range: [0, 2 ** 32 - 1], whole: true, initial: 1, step: 1 },
  Activation: { group: "network", changes: "network", list: ACTIVATIONS, initial: "tanh" },
  Initialization: { group: "network", changes: "network", list: INITS, initial: "auto" },
  Dropout: { group: "network", changes: "training", range: [0, 1], below: true, initial: 0, step: 0.05 },
  Optimizer: { group: "training", changes: "optimizer", list: Object.keys(OPTIMIZERS), initial: "adam" },
  "Learning rate": { group: "training", changes: "training", range: [0, Infinity], initial: 0.02, step: "any" },
  Momentum: { group: "training", changes: "training", range: [0, 1], below: true, initial: 0, step: 0.1 },
  "Batch size": { group: "training", changes: "training", range: [1, 1e6], whole: true, initial: 16, step: 1 },
  L2: { group: "training", changes: "training", range: [0, Infinity], initial: 0, step: "any" },
  L1: { group: "training", changes: "training", range: [0, Infinity], initial: 0, step: "any" },
};
const MOST_LAYERS = 4;
const MOST_NEURONS = 20;
const FIRST_LAYERS = [8, 6];

// The settings of a lesson; what a preset does not name is as at the start.
const PRESETS = {
  "one neuron": {
    Data: "two Gaussians",
    "Hidden layers": [],
    Activation: "sigmoid",
    Optimizer: "sgd",
    "Learning rate": 0.5,
  },
  "λ too small": {
    Points: 60,
    Noise: 0.3,
    "Wrong labels": 0.1,
    "Test share": 0.5,
    "Hidden layers": [20, 20],
    L2: 1e-7,
    "Learning rate": 0.03,
  },
  "dead ReLU": { Activation: "relu", "Hidden layers": [6, 6], Optimizer: "sgd", "Learning rate": 3, Seed: 4 },
  "all zeros": { Initialization: "zeros", "Hidden layers": [6, 4], Optimizer: "sgd", "Learning rate": 0.3 },
};

// `value` as setting `name` keeps it. Throws for one that is not allowed.
function checkedSetting(name, value) {
  if (name === "Hidden layers") {
    const widths = Array.from(value);
    if (widths.length > MOST_LAYERS) throw new Error(t("there are 0 to {n} hidden layers", { n: MOST_LAYERS }));
    return widths.map((width) => checkedNumber("Hidden layers", width, { range: [1, MOST_NEURONS], whole: true }));
  }
  const kind = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : null;
  if (!kind) throw new Error(t("there is no setting {name}", { name: JSON.stringify(name) }));
  if (kind.list) {
    if (!kind.list.includes(value)) {
      throw new Error(
        t("{name} cannot be {value}: choose {list}", {
          name,
          value: JSON.stringify(value),
          list: kind.list.join(", "),
        }),
      );
    }
    return value;
  }
  if (kind.box) {
    if (typeof value !== "boolean")
      throw new Error(t("{name} is true or false, not {value}", { name, value: String(value) }));
    return value;
  }
  return checkedNumber(name, value, kind);
}

function checkedNumber(name, value, { range: [low, high], whole, below }) {
  const number = typeof value === "string" && value.trim() ? Number(value) : value;
  const inside = number >= low && (below ? number < high : number <= high) && number < Infinity;
  if (typeof number !== "number" || !inside || (whole && !Number.isInteger(number))) {
    const needs = { name, value: String(value), low, high };
    if (high === Infinity) throw new Error(t("{name} is a number from {low}, not {value}", needs));
    if (whole) throw new Error(t("{name} is a whole number from {low} to {high}, not {value}", needs));
    if (below) throw new Error(t("{name} is a number from {low} and below {high}, not {value}", needs));
    throw new Error(t("{name} is a number from {low} to {high}, not {value}", needs));
  }
  return number;
}

function initialSettings() {
  const options = { "Hidden layers": [...FIRST_LAYERS] };
  for (const [name, { initial }] of Object.entries(SETTINGS)) options[name] = initial;
  return options;
}

// The settings that are not as at the start, as the fragment of the address; and back. Own points are "x1,x2,class;...".
function fragmentOf(options, own, embedded) {
  const initial = initialSettings();
  if (embedded) initial.Data = "own";
  const parts = Object.entries(options).filter(([name, value]) => String(value) !== String(initial[name]));
  const pairs = parts.map(([name, value]) => [name, String(value)]);
  if (language !== "en") pairs.push(["Language", language]);
  if (options.Data === "own" && !embedded && own.X.length && own.X.length <= 300) {
    const point = (row, k) => [...row.slice(0, 2).map((x) => Number(x.toPrecision(4))), own.y[k]].join(",");
    pairs.push(["own", own.X.map(point).join(";")]);
  }
  return new URLSearchParams(pairs).toString();
}

// {options, own, language} of a fragment; a part that is not understood is left out.
function readFragment(fragment) {
  const found = { options: {}, own: null, language: null };
  for (const [name, text] of new URLSearchParams(fragment)) {
    try {
      if (name === "Language") found.language = text;
      else if (name === "own") {
        const rows = text.split(";").map((point) => point.split(",").map(Number));
        found.own = checkedData({ X: rows.map((row) => row.slice(0, 2)), y: rows.map((row) => row[2]) });
      } else if (name === "Hidden layers") found.options[name] = checkedSetting(name, text ? text.split(",") : []);
      else found.options[name] = checkedSetting(name, SETTINGS[name]?.box ? text === "true" : text);
    } catch {
      continue;
    }
  }
  return found;
}
