// A neuron as a card: its formula with numbers for one example, and its part of backprop, one application of the chain
// rule at a time: upstream × local derivative is added to the gradient of what stands before.

// Every step of the backward pass that touches neuron `k` of `layer`, for a row of the data.
function neuronPass(training, layer, k, row) {
  const { network } = training;
  const { X, y, names: columnNames, columns = [0, 1] } = training.data;
  const label = y[row];
  training.outputs(X[row][columns[0]], X[row][columns[1]]);
  const loss = network.loss(label);
  network.backward(0);
  const inputs = [...network.outs[layer - 1]];
  const names = inputs.map((_, j) => (layer === 1 ? columnNames[columns[j]] : `a${j + 1}`));
  const weights = inputs.map((_, j) => network.theta[network.place(layer, k, j)]);
  const bias = network.theta[network.place(layer, k, inputs.length)];
  const [z, out] = [network.sums[layer][k], network.outs[layer][k]];
  const output = network.isOutput(layer);
  const steps = [];
  const grads = {};
  const pass = (to, from, upstream, by, local) => {
    const before = grads[to] ?? 0;
    grads[to] = before + upstream * local;
    steps.push({ to, from, upstream, by, local, contribution: upstream * local, before, total: grads[to] });
  };
  if (output) pass("z", "L", 1, "∂L/∂z", network.outGrads[layer][k]);
  else {
    for (let m = 0; m < network.sizes[layer + 1]; m++) {
      const place = network.place(layer + 1, m, k);
      pass(
        "a",
        t("z of neuron {k} of layer {layer}", { k: m + 1, layer: layer + 1 }),
        network.sumGrads[layer + 1][m],
        `w${k + 1}`,
        network.theta[place],
      );
    }
    const name = network.activation === "linear" ? "1" : `${network.activation}′(z)`;
    pass("z", "a", grads.a, name, network.slope(out, z));
  }
  weights.forEach((_, j) => pass(`w${j + 1}`, "z", grads.z, names[j], inputs[j]));
  pass("b", "z", grads.z, "1", 1);
  weights.forEach((w, j) => pass(names[j], "z", grads.z, `w${j + 1}`, w));
  return { names, inputs, weights, bias, z, out, output, label, loss, steps, activation: network.activation };
}

class Card {
  constructor(section, changed) {
    this.section = section;
    this.changed = changed; // called when another row of the data is chosen
    this.at = null; // [layer, k]
    this.done = 0; // steps
    const find = (name) => section.querySelector(`.${name}`);
    this.find = find;
    const moves = { first: () => 0, back: () => this.done - 1, next: () => this.done + 1, last: () => Infinity };
    for (const [name, to] of Object.entries(moves)) find(name).addEventListener("click", () => this.go(to()));
    find("close").addEventListener("click", () => this.open(null));
    find("example").addEventListener("change", (event) => this.chosen(Number(event.target.value) - 1));
    section.addEventListener("keydown", (event) => {
      if (event.target.tagName === "INPUT") return;
      const to = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", Escape: "close" }[event.key];
      if (to) {
        find(to).click();
        event.preventDefault();
      }
    });
  }

  chosen(row) {
    this.changed(Math.min(this.training.data.y.length - 1, Math.max(0, Math.trunc(row) || 0)));
  }

  open(at, move = true) {
    const before = this.at;
    this.at = at;
    this.done = 0;
    this.section.hidden = !at;
    this.changed(at ? (this.row ?? 0) : null);
    if (at && move) {
      this.section.querySelector("h2").focus({ preventScroll: true });
      this.section.scrollIntoView({ block: "nearest", behavior: "auto" });
    } else if (before && !at)
      document.querySelector(`.unit[data-layer="${before[0]}"][data-k="${before[1] + 1}"]`)?.focus();
  }

  go(to) {
    this.done = Math.min(this.steps, Math.max(0, to));
    this.draw(this.training, this.row);
    this.find("sentence").textContent = this.sentence;
  }

  draw(training, row) {
    [this.training, this.row] = [training, row];
    const [layer, k] = this.at ?? [];
    const n = training.data.y.length;
    if (!this.at || !n || layer > training.network.depth || k >= training.network.sizes[layer]) {
      if (this.at) this.open(null);
      return;
    }
    const pass = neuronPass(training, layer, k, row ?? 0);
    this.steps = pass.steps.length;
    this.done = Math.min(this.done, this.steps);
    this.find("who").textContent = t("Neuron {k} of layer {layer}", { k: k + 1, layer });
    const example = this.find("example");
    example.max = n;
    if (document.activeElement !== example) example.value = (row ?? 0) + 1;
    this.find("class").textContent = t("of {n}, class {label}", { n, label: training.data.classes[pass.label] });
    this.writeFormulas(pass);
    this.writeRows(pass);
    this.writeStep(pass);
  }

  writeFormulas(pass) {
    const signed = (x) => (x < 0 ? `(${short(x)})` : short(x));
    const products = (terms) => (terms.length > 4 ? [...terms.slice(0, 3), "…", terms.at(-1)] : terms).join(" + ");
    const symbols = products(pass.names.map((name, j) => `w${j + 1}·${name}`));
    const numbers = products(pass.inputs.map((x, j) => `${signed(pass.weights[j])}·${signed(x)}`));
    const lines = [`z = ${symbols} + b`, `  = ${numbers} + ${signed(pass.bias)} = ${short(pass.z)}`];
    if (pass.output) lines.push(`L = ${t("loss of this example")} = ${short(pass.loss)}`);
    else if (pass.activation === "linear") lines.push(`a = z = ${short(pass.out)}`);
    else lines.push(`a = ${pass.activation}(z) = ${pass.activation}(${short(pass.z)}) = ${short(pass.out)}`);
    this.find("formula").textContent = lines.join("\n");
  }

  writeRows(pass) {
    const grads = {};
    for (const step of pass.steps.slice(0, this.done)) grads[step.to] = step.total;
    const current = this.done ? pass.steps[this.done - 1].to : null;
    const rows = [
      ...pass.names.map((name, j) => [name, pass.inputs[j], `w${j + 1}`, pass.weights[j]]),
      ["", null, "b", pass.bias],
      ["", null, "z", pass.z],
    ];
    if (!pass.output) rows.push(["", null, "a", pass.out]);
    const cell = (text, name) => {
      const td = document.createElement("td");
      td.textContent = text;
      if (name && name === current) td.className = "current";
      return td;
    };
    const grad = (name) => (name ? short(grads[name]) : "");
    this.find("rows").replaceChildren(
      ...rows.map(([input, x, name, value]) => {
        const row = document.createElement("tr");
        row.append(cell(input), cell(input ? short(x) : ""), cell(grad(input), input));
        row.append(cell(name), cell(short(value)), cell(grad(name), name));
        return row;
      }),
    );
  }

  writeStep(pass) {
    const step = pass.steps[this.done - 1];
    this.find("place").textContent = t("{k} of {n}", { k: this.done, n: this.steps });
    this.find("product").hidden = !step;
    this.sentence = t(
      "Before the first application of the chain rule. Next shows how the gradient of the loss L arrives.",
    );
    if (step) {
      const boxes = {
        upstream: [`∂L/∂${step.from}`, step.upstream],
        local: [step.by, step.local],
        total: [`∂L/∂${step.to}`, step.contribution],
      };
      for (const [name, [symbol, number]] of Object.entries(boxes)) {
        const [, written, value] = this.find(name).children;
        written.textContent = symbol === "∂L/∂L" ? "∂L/∂L" : symbol;
        value.textContent = short(number);
      }
      const numbers = {
        to: step.to,
        from: step.from,
        before: short(step.before),
        added: short(step.contribution),
        total: short(step.total),
      };
      this.sentence = step.before
        ? t("The gradient of {to} gets another part from {from}: {before} + {added} = {total}.", numbers)
        : t("The gradient of {to} comes from {from}: upstream × local derivative = {total}.", numbers);
    }
    if (this.find("sentence").textContent !== this.sentence) this.find("sentence").textContent = this.sentence;
    for (const [name, end] of [
      ["first", 0],
      ["back", 0],
      ["next", this.steps],
      ["last", this.steps],
    ]) {
      this.find(name).setAttribute("aria-disabled", String(this.done === end));
    }
  }
}
