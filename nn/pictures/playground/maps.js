// What every neuron says everywhere: its output on a square grid over the plane, its borders included.

const GRID = 44; // points each way

function addTimes(sums, weight, inputs) {
  for (let place = 0; place < sums.length; place++) sums[place] += weight * inputs[place];
}

class Maps {
  constructor(sizes) {
    this.of = sizes.map((size) => Array.from({ length: size }, () => new Float64Array(GRID * GRID)));
    this.sums = new Float64Array(GRID * GRID);
  }

  // `view` is {low, high}: the corners of the plane. Row 0 of the grid is at the top. Layer by layer: a weight is met once
  // for all places.
  compute(training, view) {
    const { network } = training;
    const [low, high] = [training.scaled(...view.low), training.scaled(...view.high)];
    const [across, up] = this.of[0];
    for (let row = 0, place = 0; row < GRID; row++) {
      for (let column = 0; column < GRID; column++, place++) {
        across[place] = low[0] + (column / (GRID - 1)) * (high[0] - low[0]);
        up[place] = high[1] - (row / (GRID - 1)) * (high[1] - low[1]);
      }
    }
    const sums = this.sums;
    for (let layer = 1; layer < this.of.length; layer++) {
      const before = this.of[layer - 1];
      this.of[layer].forEach((map, k) => {
        sums.fill(network.theta[network.place(layer, k, before.length)]);
        before.forEach((input, j) => addTimes(sums, network.theta[network.place(layer, k, j)], input));
        if (network.isOutput(layer)) map.set(sums);
        else network.apply.values(sums, map);
      });
    }
  }

  get outputs() {
    return this.of.at(-1);
  }

  // The picture of the prediction, every `stride`-th point of the grid, into `pixels` from `start` on.
  paintPrediction(pixels, stride = 1, start = 0) {
    const { outputs, sums } = this;
    if (outputs.length === 1) {
      LOOPS.sigmoid.values(outputs[0], sums);
      for (let place = 0; place < sums.length; place++) sums[place] = 2 * sums[place] - 1;
      return paintSigned(pixels, sums, 1, stride, start);
    }
    const logits = new Array(outputs.length);
    for (let row = 0, to = start; row < GRID; row += stride) {
      for (let column = 0; column < GRID; column += stride, to++) {
        for (let k = 0; k < logits.length; k++) logits[k] = outputs[k][row * GRID + column];
        pixels[to] = mixedClasses(logits.map((_, k) => rules.softmax.value(k, ...logits)));
      }
    }
  }

  // The same of one neuron; its largest output has the full colour.
  paintNeuron(pixels, layer, k, stride = 1, start = 0) {
    const map = this.of[layer][k];
    let largest = 0;
    for (let place = 0; place < map.length; place++) largest = Math.max(largest, Math.abs(map[place]));
    paintSigned(pixels, map, largest, stride, start);
  }

  // The lead of each class over the best of the others; where it is 0, the prediction changes. One map for two classes.
  leads() {
    const outputs = this.outputs;
    if (outputs.length === 1) return [outputs[0]];
    return outputs.map((own, k) => {
      const others = outputs.filter((_, other) => other !== k);
      return own.map((x, place) => x - Math.max(...others.map((map) => map[place])));
    });
  }
}

// The colours of a map from -largest to largest.
function paintSigned(pixels, map, largest, stride, start) {
  const { signed } = colours;
  const scale = SHADES / (largest || 1);
  for (let row = 0, to = start; row < GRID; row += stride) {
    for (let column = 0; column < GRID; column += stride, to++) {
      const shade = SHADES + scale * map[row * GRID + column];
      pixels[to] = signed[shade >= 2 * SHADES ? 2 * SHADES : shade > 0 ? shade | 0 : shade <= 0 ? 0 : SHADES];
    }
  }
}

// Call line(x1, y1, x2, y2), in units of the grid, along which the map is 0 (marching squares).
function contour(map, line) {
  for (let row = 0; row + 1 < GRID; row++) {
    for (let column = 0; column + 1 < GRID; column++) {
      const at = row * GRID + column;
      const first = map[at] > 0;
      if (map[at + 1] > 0 === first && map[at + GRID] > 0 === first && map[at + GRID + 1] > 0 === first) continue;
      // Clockwise from the corner at the upper left: a crossing on each side whose ends have different signs.
      const corners = [map[at], map[at + 1], map[at + GRID + 1], map[at + GRID]];
      const crossings = [];
      for (let k = 0; k < 4; k++) {
        const [a, b] = [corners[k], corners[(k + 1) % 4]];
        if (a > 0 === b > 0) continue;
        const share = a / (a - b);
        const side = [
          [share, 0],
          [1, share],
          [1 - share, 1],
          [0, 1 - share],
        ][k];
        crossings.push([column + side[0], row + side[1]]);
      }
      for (let k = 0; k + 1 < crossings.length; k += 2) line(...crossings[k], ...crossings[k + 1]);
    }
  }
}
