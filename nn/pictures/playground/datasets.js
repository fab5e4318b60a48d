// The data sets: points of the plane in two classes. Each shape gives point number k of n, without noise.

const SHAPES = {
  moons: (k, n, random) => {
    const angle = Math.PI * random.uniform();
    return k % 2
      ? [1 - Math.cos(angle) - 0.5, 0.25 - Math.sin(angle), 1]
      : [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25, 0];
  },
  circles: (k, n, random) => {
    const angle = 2 * Math.PI * random.uniform();
    const radius = k % 2 ? 0.45 : 1.1;
    return [radius * Math.cos(angle), radius * Math.sin(angle), k % 2];
  },
  spiral: (k, n, random) => {
    const along = Math.sqrt(0.02 + 0.98 * random.uniform());
    const angle = 3 * Math.PI * along + Math.PI * (k % 2);
    return [1.3 * along * Math.cos(angle), 1.3 * along * Math.sin(angle), k % 2];
  },
  xor: (k, n, random) => {
    const [x, y] = [0, 1].map(() => 0.08 + 1.1 * random.uniform());
    const [right, up] = [k % 2, (k >> 1) % 2];
    return [right ? x : -x, up ? y : -y, right ^ up];
  },
  "two Gaussians": (k, n, random) => {
    const center = k % 2 ? 0.6 : -0.6;
    return [center + 0.35 * random.normal(), center + 0.35 * random.normal(), k % 2];
  },
  "random labels": (k, n, random) => [
    2.4 * random.uniform() - 1.2,
    2.4 * random.uniform() - 1.2,
    random.uniform() < 0.5 ? 0 : 1,
  ],
};

// A data set {X, y, classes}: n points of a shape, moved by normal noise; a share of the labels is wrong.
function generated(shape, n, noise, wrong, seed) {
  const random = generator(seed);
  const X = [];
  const y = [];
  for (let k = 0; k < n; k++) {
    const [x1, x2, label] = SHAPES[shape](k, n, random);
    X.push([x1 + noise * random.normal(), x2 + noise * random.normal()]);
    y.push(label);
  }
  for (const k of shuffled(n, random).slice(0, Math.round(wrong * n))) y[k] = 1 - y[k];
  return { X, y, classes: ["0", "1"], names: ["x1", "x2"] };
}

// A data set of the user's own, checked. Throws where a number is not finite or a label is not a class from 0.
function checkedData({ X, y, classes, names } = {}) {
  if (!X || !y || typeof X !== "object" || typeof y !== "object" || X.length !== y.length) {
    throw new Error(t("X and y need the same length: a row of two numbers and a class for each point"));
  }
  const labels = Array.from(y, Number);
  const rows = Array.from(X, (row) => Array.from(row, (x) => (x === null ? NaN : Number(x))));
  const columns = rows.length ? rows[0].length : 2;
  rows.forEach((row, k) => {
    if (row.length < 2 || row.length !== columns) {
      throw new Error(
        t("row {row} of X has {n} numbers: each point needs the same number of them, at least two", {
          row: k,
          n: row.length,
        }),
      );
    }
    if (!row.every(Number.isFinite))
      throw new Error(t("row {row} of X is not finite: {numbers}", { row: k, numbers: row.join(", ") }));
  });
  labels.forEach((label, k) => {
    if (!Number.isInteger(label) || label < 0 || label >= MOST_CLASSES) {
      throw new Error(
        t("y[{row}] is {label}: classes are whole numbers from 0 to {most}", {
          row: k,
          label: y[k],
          most: MOST_CLASSES - 1,
        }),
      );
    }
  });
  const count = Math.max(2, ...labels.map((label) => label + 1));
  return {
    X: rows,
    y: labels,
    classes: Array.from({ length: count }, (_, k) => String(classes?.[k] ?? k)),
    names: Array.from({ length: columns }, (_, k) => String(names?.[k] ?? `x${k + 1}`)),
  };
}

const MOST_CLASSES = 8; // there are as many colours
