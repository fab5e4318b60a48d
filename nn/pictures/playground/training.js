// Training: the data split and standardised, the network and its optimiser, and the losses so far. `options` are the
// current values of the settings, by their names; those that only a step asks for may change at any time.

class Training {
  constructor(data, options) {
    this.data = data;
    this.options = options;
    this.split();
    const outputs = data.classes.length === 2 ? 1 : data.classes.length;
    this.network = new Network([2, ...options["Hidden layers"], outputs], options.Activation);
    this.random = generator(options.Seed + 1);
    this.network.initialize(options.Initialization, this.random);
    this.startOptimizer();
    this.epoch = 0;
    this.steps = 0;
    this.order = [];
    this.next = 0; // the place in `order` where the next batch begins
    this.diverged = null;
    this.firstLoss = this.measure(this.train).loss;
    this.history = [];
    this.record();
  }

  startOptimizer() {
    this.optimizer = optimizerState(this.network.theta.length);
  }

  // Split at random; both parts are scaled by the mean and deviation of the training part where that is asked for.
  split() {
    const { X, y, columns = [0, 1] } = this.data;
    const n = X.length;
    const tests = Math.min(Math.round(this.options["Test share"] * n), n - 1);
    const order = shuffled(n, generator(this.options.Seed + 2));
    const part = (rows) => ({
      rows,
      x1: Float64Array.from(rows, (k) => X[k][columns[0]]),
      x2: Float64Array.from(rows, (k) => X[k][columns[1]]),
      y: Int32Array.from(rows, (k) => y[k]),
    });
    this.train = part(order.slice(Math.max(tests, 0)).sort((a, b) => a - b));
    this.test = part(order.slice(0, Math.max(tests, 0)).sort((a, b) => a - b));
    this.scale = { mean: [0, 0], deviation: [1, 1] };
    if (this.options.Standardize && n) {
      ["x1", "x2"].forEach((name, k) => {
        const column = this.train[name];
        const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
        const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length;
        this.scale.mean[k] = mean;
        this.scale.deviation[k] = Math.sqrt(variance) || 1;
      });
    }
    for (const { x1, x2 } of [this.train, this.test]) {
      for (let k = 0; k < x1.length; k++) [x1[k], x2[k]] = this.scaled(x1[k], x2[k]);
    }
  }

  scaled(x1, x2) {
    const { mean, deviation } = this.scale;
    return [(x1 - mean[0]) / deviation[0], (x2 - mean[1]) / deviation[1]];
  }

  // The outputs of the network for a point of the plane, without dropout.
  outputs(x1, x2) {
    this.network.drawMasks(0);
    return this.network.forward(...this.scaled(x1, x2));
  }

  // The mean loss, without penalties, and the share of right answers; null where there are no examples.
  measure({ x1, x2, y }) {
    const { network } = this;
    network.drawMasks(0);
    let [loss, right] = [0, 0];
    for (let k = 0; k < y.length; k++) {
      network.forward(x1[k], x2[k]);
      loss += network.loss(y[k]);
      right += network.chosen() === y[k] ? 1 : 0;
    }
    return y.length ? { loss: loss / y.length, accuracy: right / y.length } : { loss: null, accuracy: null };
  }

  // The gradient of the mean loss of some training examples plus the penalties goes to network.gradient.
  differentiate(examples, dropout) {
    const { network, train, options } = this;
    network.gradient.fill(0);
    network.drawMasks(0);
    let loss = 0;
    for (const k of examples) {
      if (dropout) network.drawMasks(dropout, this.random);
      network.forward(train.x1[k], train.x2[k]);
      loss += network.loss(train.y[k]) / examples.length;
      network.backward(1 / examples.length);
    }
    network.addPenalties(options.L2, options.L1);
    return loss;
  }

  fullGradient() {
    this.differentiate([...this.train.y.keys()], 0);
    return this.network.gradient;
  }

  // One step on the next batch. Returns whether it could be done.
  step() {
    const { network, options, train } = this;
    if (this.diverged || !train.y.length) return false;
    if (this.next === 0) this.order = shuffled(train.y.length, this.random);
    const batch = this.order.slice(this.next, this.next + options["Batch size"]);
    const loss = this.differentiate(batch, options.Dropout);
    this.optimizer.steps++;
    OPTIMIZERS[options.Optimizer](
      network.theta,
      network.gradient,
      this.optimizer,
      options["Learning rate"],
      options.Momentum,
    );
    this.steps++;
    this.next += batch.length;
    if (this.next >= this.order.length) {
      this.next = 0;
      this.epoch++;
      this.record();
    }
    if (!Number.isFinite(loss) || !allFinite(network.theta)) this.diverge();
    return !this.diverged;
  }

  // Steps to the end of the epoch, or until `deadline`; returns whether the epoch is complete.
  finishEpoch(deadline = Infinity) {
    do {
      if (!this.step()) return true;
    } while (this.next !== 0 && performance.now() < deadline);
    return this.next === 0;
  }

  record() {
    const [train, test] = [this.measure(this.train), this.measure(this.test)];
    this.history.push({ epoch: this.epoch, train, test });
    // A mean cross-entropy above 10 means: sure of what is wrong, nearly everywhere.
    if (train.loss !== null && !(train.loss <= 10 * Math.max(1, this.firstLoss))) this.diverge();
  }

  // Find where the numbers became too large: the first that is not finite, else the largest.
  diverge() {
    const { network, train } = this;
    network.drawMasks(0);
    let worst = { size: -1 };
    for (let example = 0; example < train.y.length && worst.size < Infinity; example++) {
      network.forward(train.x1[example], train.x2[example]);
      for (let layer = 1; layer <= network.depth && worst.size < Infinity; layer++) {
        for (let k = 0; k < network.sizes[layer]; k++) {
          const numbers = { sum: network.sums[layer][k], output: network.outs[layer][k] };
          for (const what of ["sum", "output"]) {
            const size = Number.isFinite(numbers[what]) ? Math.abs(numbers[what]) : Infinity;
            if (size > worst.size)
              worst = { size, what, number: numbers[what], layer, k, example: train.rows[example] };
          }
        }
      }
    }
    this.diverged = worst;
  }

  divergedText() {
    const { what, number, layer, k, example } = this.diverged;
    const where = {
      steps: this.steps,
      epoch: this.epoch,
      k: k + 1,
      layer,
      example: example + 1,
      number: short(number),
    };
    if (what === "sum") {
      return t(
        "Training diverged at step {steps}, in epoch {epoch}: the sum of neuron {k} of layer {layer} is {number} for point {example}. Lower the learning rate, then Reset.",
        where,
      );
    }
    return t(
      "Training diverged at step {steps}, in epoch {epoch}: the output of neuron {k} of layer {layer} is {number} for point {example}. Lower the learning rate or choose another activation, then Reset.",
      where,
    );
  }
}

// Whether all are finite: a NaN or an infinity times 0 is NaN.
function allFinite(numbers) {
  let sum = 0;
  for (let k = 0; k < numbers.length; k++) sum += 0 * numbers[k];
  return sum === 0;
}

// A number in at most about four digits, or as many as are asked for.
function short(x, precision = 4) {
  if (x === null || x === undefined) return "–";
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "∞").replace("-", "−");
  const size = Math.abs(x);
  if (size === 0 || (size >= 1e-3 && size < 1e5)) return String(Number(x.toPrecision(precision))).replace("-", "−");
  const [digits, exponent] = x.toExponential(precision - 1).split("e");
  return `${Number(digits)}e${Number(exponent)}`.replace(/-/g, "−");
}
