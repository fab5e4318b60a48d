// What every neuron says everywhere: its output on a square grid over the plane, its borders included.

const GRID = 44; // points each way

class Maps {
  constructor(sizes) {
    this.of = sizes.map((size) => Array.from({ length: size }, () => new Float32Array(GRID * GRID)));
  }

  // `view` is {low, high}: the corners of the plane. Row 0 of the grid is at the top.
  compute(training, view) {
    const { network } = training;
    const { mean, deviation } = training.scale;
    const [width, height] = [0, 1].map((k) => view.high[k] - view.low[k]);
    network.drawMasks(0);
    for (let row = 0, place = 0; row < GRID; row++) {
      const x2 = view.high[1] - (row / (GRID - 1)) * height;
      for (let column = 0; column < GRID; column++, place++) {
        const x1 = view.low[0] + (column / (GRID - 1)) * width;
        network.forward((x1 - mean[0]) / deviation[0], (x2 - mean[1]) / deviation[1]);
        for (let layer = 0; layer < this.of.length; layer++) {
          const maps = this.of[layer];
          const outs = network.outs[layer];
          for (let k = 0; k < outs.length; k++) maps[k][place] = outs[k];
        }
      }
    }
  }

  get outputs() {
    return this.of.at(-1);
  }

  // The picture of the prediction, every `stride`-th point of the grid.
  paintPrediction(image, stride = 1) {
    const outputs = this.outputs;
    const [first, single] = [outputs[0], outputs.length === 1];
    let place = 0;
    for (let row = 0; row < GRID; row += stride) {
      for (let column = 0; column < GRID; column += stride, place += 4) {
        const at = row * GRID + column;
        if (single) {
          paintSigned(image.data, place, 2 * rules.sigmoid.value(first[at]) - 1);
          continue;
        }
        const logits = outputs.map((map) => map[at]);
        paintClasses(
          image.data,
          place,
          logits.map((_, k) => rules.softmax.value(k, ...logits)),
        );
      }
    }
  }

  // The picture of one neuron, every `stride`-th point of it; its largest output has the full colour.
  paintNeuron(image, layer, k, stride) {
    const map = this.of[layer][k];
    let largest = 0;
    for (const x of map) if (Math.abs(x) > largest) largest = Math.abs(x);
    let place = 0;
    for (let row = 0; row < GRID; row += stride) {
      for (let column = 0; column < GRID; column += stride, place += 4) {
        paintSigned(image.data, place, map[row * GRID + column] / (largest || 1));
      }
    }
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

// Call line(x1, y1, x2, y2), in units of the grid, along which the map is 0 (marching squares).
function contour(map, line) {
  const corners = [0, 1, GRID + 1, GRID]; // clockwise, as places after the first
  const [xs, ys] = [
    [0, 1, 1, 0],
    [0, 0, 1, 1],
  ];
  for (let row = 0; row + 1 < GRID; row++) {
    for (let column = 0; column + 1 < GRID; column++) {
      const start = row * GRID + column;
      const positive = corners.reduce((count, after) => count + (map[start + after] > 0 ? 1 : 0), 0);
      if (positive === 0 || positive === 4) continue;
      const crossings = [];
      for (let k = 0; k < 4; k++) {
        const next = (k + 1) % 4;
        const [a, b] = [map[start + corners[k]], map[start + corners[next]]];
        if (a > 0 === b > 0) continue;
        const share = a / (a - b);
        crossings.push([column + xs[k] + (xs[next] - xs[k]) * share, row + ys[k] + (ys[next] - ys[k]) * share]);
      }
      for (let k = 0; k + 1 < crossings.length; k += 2) line(...crossings[k], ...crossings[k + 1]);
    }
  }
}
