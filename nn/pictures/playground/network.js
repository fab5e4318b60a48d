// A network of dense layers on one flat array of parameters, in the order of nn's model.parameters(): for each layer,
// for each neuron, its weights and then its bias. Only the two passes of a dense layer are written here; every value
// and derivative of a function is that of a rule of the table.

const IDENTITY = { values: (sums, values) => values.set(sums), slopes: (values, sums, slopes) => slopes.fill(1) };

class Network {
  // `sizes` are the widths from the inputs to the outputs; `activation` is the name of that of the hidden layers.
  constructor(sizes, activation) {
    this.sizes = sizes;
    this.activation = activation;
    this.offsets = []; // where the parameters of each layer begin
    let n = 0;
    for (let l = 1; l < sizes.length; l++) {
      this.offsets.push(n);
      n += sizes[l] * (sizes[l - 1] + 1);
    }
    this.theta = new Float64Array(n);
    this.gradient = new Float64Array(n);
    // For one example: the outputs of each layer (the first are the inputs), its sums, their activations and slopes, the
    // factors of dropout, and the gradients with respect to outputs and sums.
    this.outs = sizes.map((size) => new Float64Array(size));
    this.sums = sizes.map((size) => new Float64Array(size));
    this.values = sizes.map((size) => new Float64Array(size));
    this.slopes = sizes.map((size) => new Float64Array(size).fill(1));
    this.masks = sizes.map((size) => new Float64Array(size).fill(1));
    this.outGrads = sizes.map((size) => new Float64Array(size));
    this.sumGrads = sizes.map((size) => new Float64Array(size));
    this.apply = LOOPS[activation] ?? IDENTITY;
  }

  get depth() {
    return this.sizes.length - 1;
  }

  isOutput(layer) {
    return layer === this.depth;
  }

  // The place in theta of weight `j` of neuron `k` (from 0) of layer `layer` (from 1); j = the number of inputs: the bias.
  place(layer, k, j) {
    return this.offsets[layer - 1] + k * (this.sizes[layer - 1] + 1) + j;
  }

  initialize(init, random) {
    for (let layer = 1; layer <= this.depth; layer++) {
      const [n, m] = [this.sizes[layer - 1], this.sizes[layer]];
      const rectifier = !this.isOutput(layer) && RECTIFIERS.includes(this.activation);
      const kind = init === "auto" ? (rectifier ? "he" : "xavier") : init;
      const range = { zeros: 0, uniform: 1 / Math.sqrt(n), xavier: Math.sqrt(6 / (n + m)) }[kind];
      for (let k = 0; k < m; k++) {
        for (let j = 0; j < n; j++) {
          this.theta[this.place(layer, k, j)] =
            kind === "he" ? Math.sqrt(2 / n) * random.normal() : range * (2 * random.uniform() - 1) || 0;
        }
        this.theta[this.place(layer, k, n)] = 0;
      }
    }
  }

  // Draw the factors of dropout for one example: 0 with probability p, else 1 / (1 - p).
  drawMasks(p, random) {
    for (let layer = 1; layer < this.depth; layer++) {
      const mask = this.masks[layer];
      for (let k = 0; k < mask.length; k++) mask[k] = p && random.uniform() < p ? 0 : 1 / (1 - p);
    }
  }

  // The forward pass of one example; returns the outputs of the last layer.
  forward(x1, x2) {
    const { theta, depth } = this;
    let inputs = this.outs[0];
    inputs[0] = x1;
    inputs[1] = x2;
    for (let layer = 1, place = 0; layer <= depth; layer++) {
      const sums = this.sums[layer];
      const outs = this.outs[layer];
      const n = inputs.length;
      for (let k = 0; k < sums.length; k++) {
        let sum = theta[place + n];
        for (let j = 0; j < n; j++) sum += theta[place + j] * inputs[j];
        place += n + 1;
        sums[k] = sum;
      }
      if (layer === depth) outs.set(sums);
      else {
        const values = this.values[layer];
        const mask = this.masks[layer];
        this.apply.values(sums, values);
        for (let k = 0; k < outs.length; k++) outs[k] = values[k] * mask[k];
      }
      inputs = outs;
    }
    return inputs;
  }

  // The backward pass of the example that forward was called with: adds `share` times the gradient of its loss, whose
  // gradient with respect to the outputs is in outGrads[depth].
  backward(share) {
    const { theta, gradient, depth } = this;
    for (let layer = depth; layer >= 1; layer--) {
      const inputs = this.outs[layer - 1];
      const slopes = this.slopes[layer];
      const mask = this.masks[layer];
      if (layer < depth) this.apply.slopes(this.values[layer], this.sums[layer], slopes);
      const outGrads = this.outGrads[layer];
      const sumGrads = this.sumGrads[layer];
      const inputGrads = this.outGrads[layer - 1];
      const n = inputs.length;
      inputGrads.fill(0);
      for (let k = 0, place = this.offsets[layer - 1]; k < slopes.length; k++) {
        const slope = mask[k] ? mask[k] * slopes[k] : 0;
        const grad = slope === 0 ? 0 : outGrads[k] * slope;
        sumGrads[k] = grad;
        if (grad === 0) {
          place += n + 1; // nothing arrives behind it
          continue;
        }
        for (let j = 0; j < n; j++, place++) {
          gradient[place] += share * grad * inputs[j];
          inputGrads[j] += grad * theta[place];
        }
        gradient[place++] += share * grad;
      }
    }
  }

  // The loss of the example that forward was called with; its gradient goes to outGrads[depth].
  loss(label) {
    const [outs, grads] = [this.outs[this.depth], this.outGrads[this.depth]];
    if (outs.length === 1) return this.binaryCrossEntropy(outs[0], label, grads);
    const log = rules.log_softmax;
    const value = log.value(label, ...outs);
    const [, ...slopes] = log.partials(value, label, ...outs);
    for (let k = 0; k < grads.length; k++) grads[k] = -slopes[k];
    return -value;
  }

  binaryCrossEntropy(logit, label, grads) {
    const softplus = rules.softplus;
    const x = label === 1 ? -logit : logit;
    const value = softplus.value(x);
    const [slope] = softplus.partials(value, x);
    grads[0] = label === 1 ? -slope : slope;
    return value;
  }

  // Call visit(place, layer) for each weight, which are all parameters but the biases.
  forEachWeight(visit) {
    for (let layer = 1; layer <= this.depth; layer++) {
      const n = this.sizes[layer - 1];
      for (let k = 0; k < this.sizes[layer]; k++) {
        for (let j = 0; j < n; j++) visit(this.place(layer, k, j), layer);
      }
    }
  }

  // Add the gradient of l2·Σw² + l1·Σ|w| over the weights.
  addPenalties(l2, l1) {
    if (!l2 && !l1) return;
    this.forEachWeight((place) => {
      const w = this.theta[place];
      const [a, b] = rules["*"].partials(w * w, w, w);
      this.gradient[place] += l2 * (a + b) + l1 * rules.abs.partials(rules.abs.value(w), w)[0];
    });
  }

  // The class that the last outputs speak for.
  chosen() {
    const outs = this.outs[this.depth];
    if (outs.length === 1) return outs[0] > 0 ? 1 : 0;
    let best = 0;
    for (let k = 1; k < outs.length; k++) if (outs[k] > outs[best]) best = k;
    return best;
  }
}
