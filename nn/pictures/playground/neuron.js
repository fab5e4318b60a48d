// A neuron for the stepper: its part of the graph for one example, and its part of the two passes, one application of the
// chain rule at a time. What it does not calculate itself, its inputs and what the layers after it make of its output,
// are one node each.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// Numbers as the stepper writes them: exact in sentences and the table, brief in the picture.
const written = (x, digits = 6) => short(Number.isFinite(x) ? Number(x.toPrecision(digits)) : x, digits);
const bothWritten = (x) => [written(x), written(x, 4)];

// Formulas as trees of MathML: ["mi", "x"].
const sign = (text) => ["mo", text];
const fraction = (above, below) => ["mfrac", ["mrow", ["mi", "∂"], above], ["mrow", ["mi", "∂"], below]];
function numeral(text) {
  const [digits, exponent] = text.replace(/^−/, "").split("e");
  const power = exponent ? [sign("·"), ["msup", ["mn", "10"], ["mn", exponent]]] : [];
  return text.startsWith("−") ? [sign("("), sign("−"), ["mn", digits], ...power, sign(")")] : [["mn", digits], ...power];
}
// A name as it is written in a formula: a letter with its number below, and the number of another layer above.
function symbol(name) {
  const [, letter, index, layer] = /^([a-zA-Z])(\d+)(?:⁽(.+)⁾)?$/.exec(name) ?? [];
  if (!letter) return [name.length > 1 ? "mtext" : "mi", name];
  const parts = [
    ["mi", letter],
    ["mn", index],
  ];
  if (!layer) return ["msub", ...parts];
  return ["msubsup", ...parts, ["mrow", sign("("), ["mn", String([...layer].map((c) => SUPERSCRIPTS.indexOf(c)).join(""))], sign(")")]];
}

// The names of the columns, but for those that a formula of the neuron has another meaning for.
function namesOfInputs(names) {
  const taken = names.some((name) => /^(w\d+|[abzL])$/.test(name)) || new Set(names).size < names.length;
  return taken ? names.map((_, j) => `x${j + 1}`) : names;
}

// The facts of neuron `k` of `layer` for a row of the data.
function neuronFacts(training, layer, k, row) {
  const { network } = training;
  const { X, y, names: columnNames, columns = [0, 1] } = training.data;
  const label = y[row];
  training.outputs(X[row][columns[0]], X[row][columns[1]]);
  const loss = network.loss(label);
  network.backward(0);
  const inputs = [...network.outs[layer - 1]];
  const last = network.isOutput(layer);
  const next = layer + 1;
  const after = last ? [] : [...network.sums[next].keys()];
  return {
    layer,
    label,
    classes: training.data.classes.length,
    loss,
    inputs,
    names: layer === 1 ? namesOfInputs(columns.map((column) => columnNames[column])) : inputs.map((_, j) => `a${j + 1}`),
    weights: inputs.map((_, j) => network.theta[network.place(layer, k, j)]),
    bias: network.theta[network.place(layer, k, inputs.length)],
    z: network.sums[layer][k],
    out: network.outs[layer][k],
    activation: last ? "linear" : network.activation,
    slope: network.slopes[layer][k],
    lossSlope: network.outGrads[layer][k], // with respect to the output of the neuron
    // The neurons of the next layer: their sums, what they weigh this one with, and ∂L/∂sum.
    after: after.map((m) => ({
      name: `z${m + 1}⁽${[...String(next)].map((c) => SUPERSCRIPTS[c]).join("")}⁾`,
      sum: network.sums[next][m],
      weight: network.theta[network.place(next, m, k)],
      gradient: network.sumGrads[next][m],
      others: network.sizes[layer] > 1,
    })),
    direct: last || network.isOutput(next), // whether the loss comes directly after it
  };
}

// The operations of the neuron and of what comes after it, in the order of calculation. Each has its operands with their
// local derivatives, and an equation.
function operationsOf(facts) {
  const { names, inputs, weights, after, activation } = facts;
  const signed = (x) => (x < 0 ? `(${written(x)})` : written(x));
  const added = (products) => (products.length > 4 ? [...products.slice(0, 2), "…", products.at(-1)] : products).join(" + ");
  const sum = {
    name: "z",
    value: facts.z,
    op: "dot",
    about: t(STEPPER.dot),
    equation: `${added(names.map((name, j) => `w${j + 1}·${name}`))} + b`,
    numbers: `${added(inputs.map((x, j) => `${signed(weights[j])}·${signed(x)}`))} + ${signed(facts.bias)}`,
    operands: [
      ...inputs.map((x, j) => ({ name: `w${j + 1}`, local: x, by: names[j] })),
      ...weights.map((w, j) => ({ name: names[j], local: w, by: `w${j + 1}` })),
      { name: "b", local: 1 },
    ],
  };
  const operations = [sum];
  const known = STEPPER.functions[activation];
  if (known) {
    const [about, by, formula] = known;
    operations.push({
      name: "a",
      value: facts.out,
      op: activation,
      about: t(about),
      equation: `${activation}(z)`,
      numbers: `${activation}(${written(facts.z)})`,
      operands: [{ name: "z", local: facts.slope, by: by.replaceAll("-", "−"), formula: formula.slice(1) }],
    });
  }
  const out = operations.at(-1).name;
  for (const { name, sum: value, weight, others } of after) {
    operations.push({
      name,
      value,
      op: "dot",
      about: t(STEPPER.dot),
      equation: `${others ? "… + " : ""}${signed(weight)}·${out}`,
      operands: [{ name: out, local: weight }],
      partly: true,
    });
  }
  const arrives = after.length ? after : [{ name: out, gradient: facts.lossSlope }];
  operations.push({ name: "L", value: facts.loss, ...lossTexts(facts, arrives), partly: true });
  return operations;
}

// The loss, as an operation on the sums that arrive there; what comes between, where it does not come directly, is not
// told apart.
function lossTexts({ direct, label, classes }, arrives) {
  const operands = arrives.map(({ name, gradient }) => ({ name, local: gradient }));
  const all = arrives.map(({ name }) => name).join(", ");
  if (!direct) {
    return { op: "…", about: t("the layers that follow, and the loss of this example"), equation: `…(${all})`, operands };
  }
  const about = t("loss of this example");
  if (classes > 2) {
    const others = arrives.length < classes ? ", …" : "";
    return { op: "log_softmax", about, equation: `−log_softmax(${label}, ${all}${others})`, operands };
  }
  const [minus, formula] = [label === 1 ? "−" : "", STEPPER.functions.softplus[1]];
  operands[0].by = `${minus}${formula.replaceAll("z", `${minus}${all}`)}`;
  return { op: "softplus", about, equation: `softplus(${minus}${all})`, operands };
}

// The facts as the data of a board: see `page` of autograd.
function neuronData(facts, title) {
  const operations = operationsOf(facts);
  const leaves = [
    ...facts.names.map((name, j) => ({ name, value: facts.inputs[j], role: "input" })),
    ...facts.weights.map((value, j) => ({ name: `w${j + 1}`, value, role: "parameter", own: true })),
    { name: "b", value: facts.bias, role: "parameter", own: true },
  ];
  const inner = operations.filter(({ partly }) => !partly);
  const nodes = [...leaves, ...operations];
  const place = new Map(nodes.map(({ name }, k) => [name, k]));
  const expected = new Map();
  for (const { operands } of operations) for (const { name } of operands) expected.set(name, (expected.get(name) ?? 0) + 1);
  const derivative = (node, { name, local, by }) =>
    [`∂${node}/∂${name}`, ...(by ? [by] : []), written(local)].filter((text, k, all) => text !== all[k - 1]).join(" = ");

  const tell = teller(t);
  const forward = operations.map(({ name, value, op, about, equation, numbers, operands }) => {
    const sides = [...(numbers ? [numbers] : []), written(value)];
    return {
      node: place.get(name),
      operands: [...operands.keys()],
      sentence: tell.evaluation({ op, about, equation: `${name} = ${equation}`, result: sides.join(" = ") }),
      formula: ["math", symbol(name), sign("="), ["mtext", equation], sign("="), ...numeral(written(value))],
    };
  });

  const gradients = new Map([["L", 1]]);
  const received = new Map();
  const backward = [...operations].reverse().flatMap((operation) =>
    operation.operands.map((operand, k) => {
      const { name: parent, local, formula } = operand;
      const { name: node, op, about, equation } = operation;
      const upstream = gradients.get(node);
      const contribution = local === 0 ? 0 : upstream * local;
      const before = gradients.get(parent) ?? null;
      const total = (before ?? 0) + contribution;
      gradients.set(parent, total);
      received.set(parent, (received.get(parent) ?? 0) + 1);
      const numbers = { upstream: written(upstream), local: written(local), contribution: written(contribution) };
      const sentence = tell.step({
        ...numbers,
        op,
        about,
        equation: `${node} = ${equation}`,
        node,
        parent,
        derivation: derivative(node, operand),
        before: before === null ? null : written(before),
        total: written(total),
        received: received.get(parent),
        expected: expected.get(parent),
        output: "L",
      });
      const by = operand.by?.startsWith("−") ? `(${operand.by})` : operand.by; // as a factor
      const symbols = formula ?? (by ? [by.includes("(") ? ["mtext", by] : symbol(by)] : null);
      const product = (factor) => [sign("="), ...numeral(numbers.upstream), sign("·"), ...factor];
      return {
        ...numbers,
        node: place.get(node),
        operand: k,
        parent: place.get(parent),
        total: bothWritten(total),
        sentence,
        formula: [
          "math",
          fraction(["mi", "L"], symbol(parent)),
          sign("+="),
          fraction(["mi", "L"], symbol(node)),
          sign("·"),
          fraction(symbol(node), symbol(parent)),
          ...(symbols ? product(symbols) : []),
          ...product(numeral(numbers.local)),
          sign("="),
          ...numeral(numbers.contribution),
        ],
      };
    }),
  );

  const ownNames = new Set([...leaves.filter(({ own }) => own), ...inner].map(({ name }) => name));
  const boardNodes = nodes.map(({ name, value, role, op, operands = [] }) => ({
    name,
    data: written(value),
    brief: written(value, 4),
    constant: false,
    leaf: Boolean(role),
    expected: expected.get(name) ?? 0,
    grad: null,
    role: role ?? (name === "L" ? "output" : "operation"),
    badge: op,
    part: ownNames.has(name) ? 0 : null,
    operands: operands.map((operand) => [place.get(operand.name), derivative(name, { ...operand, by: null, local: Number(operand.local.toPrecision(4)) })]),
  }));
  const n = facts.inputs.length;
  const sumRows = Object.fromEntries(inner[0].operands.map((_, k) => [k, k < 2 * n ? k % n : n]));
  const rows = { [place.get("z")]: sumRows };
  if (inner.length > 1) rows[place.get("a")] = { 0: n + 1 };
  const card = [
    ...facts.names.map((name, j) => ({ label: name, node: place.get(`w${j + 1}`) })),
    { label: "bias", word: "bias", node: place.get("b") },
    { label: "z", word: "sum {name}", node: place.get("z") },
    ...inner.slice(1).map(({ name, op }) => ({ label: `${op} ${name}`, node: place.get(name) })),
  ];
  const start = t("The last node is the loss L of this example. Each step passes a gradient back along one edge of the graph: upstream × local derivative.");
  const inChinese = {
    words: STEPPER.chinese,
    graph: title,
    startForward: t("Only the inputs are known. The forward pass calculates z and what follows; then the backward pass takes the gradients back."),
    startBackward: start,
    sentences: [...forward, ...backward].map(({ sentence }) => sentence),
  };
  return {
    ...inChinese,
    chinese: inChinese,
    output: "L",
    language,
    opened: "layers",
    beginForward: false,
    nodes: boardNodes,
    started: [[place.get("L"), bothWritten(1)]],
    forward,
    backward,
    parts: [{ name: title, around: null, rows, card }],
  };
}
