// How a gradient becomes a step: nn's optimisers with nn's defaults, for all parameters at once. Each keeps two numbers
// for each parameter, a and b, and counts the steps.

const OPTIMIZERS = {
  sgd(p, g, s, lr, momentum) {
    for (let k = 0; k < p.length; k++) {
      s.a[k] = momentum * s.a[k] + g[k];
      p[k] -= lr * s.a[k];
    }
  },

  rmsprop(p, g, s, lr, momentum) {
    const [alpha, eps] = [0.99, 1e-8];
    for (let k = 0; k < p.length; k++) {
      s.a[k] = alpha * s.a[k] + (1 - alpha) * g[k] * g[k];
      s.b[k] = momentum * s.b[k] + g[k] / (Math.sqrt(s.a[k]) + eps);
      p[k] -= lr * s.b[k];
    }
  },

  adam(p, g, s, lr) {
    const [beta1, beta2, eps] = [0.9, 0.999, 1e-8];
    const [unbias1, unbias2] = [1 - beta1 ** s.steps, 1 - beta2 ** s.steps];
    for (let k = 0; k < p.length; k++) {
      s.a[k] = beta1 * s.a[k] + (1 - beta1) * g[k];
      s.b[k] = beta2 * s.b[k] + (1 - beta2) * g[k] * g[k];
      p[k] -= (lr * (s.a[k] / unbias1)) / (Math.sqrt(s.b[k] / unbias2) + eps);
    }
  },

  adamw(p, g, s, lr) {
    const decay = 1 - lr * 0.01;
    for (let k = 0; k < p.length; k++) p[k] *= decay;
    OPTIMIZERS.adam(p, g, s, lr);
  },
};

function optimizerState(n) {
  return { a: new Float64Array(n), b: new Float64Array(n), steps: 0 };
}
