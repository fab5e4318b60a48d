
// The picture of a graph that is made in the page: a box for each node and a card for each neuron, which look as those
// that Python draws (dot.py). Where they are is decided in fold.js.
const BOXES = {
  input: ["#dbeafe", "#1d4ed8"], parameter: ["#fde9b8", "#b45309"], operation: ["#ffffff", "#374151"],
  output: ["#dcfce7", "#166534"], card: ["#ede9fe", "#5b21b6"],
};
const [INK, MUTED, GRADIENT] = ["#111827", "#4b5563", "#9f1239"];
const LETTER = 0.6; // of the letter size: a letter in a wide font, on the average
const NUMBER = 84; // the width of a number, the longest there is

function drawBoxes(svg, data) {
  const make = (name, attributes, text = "") => {
    const made = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const width = (text, size) => text.length * size * LETTER + 12;
  const write = (group, x, y, text, { size = 16, fill = INK, ...more } = {}) =>
    group.append(make("text", { x, y, "font-size": size, fill, ...more }, text));
  const small = (group, x, y, word) => write(group, x, y, word, { size: 13, fill: MUTED, "data-word": word });

  // What is around the texts: a drum for a parameter, round corners for an input, a double line for the output.
  function ground(group, role, wide, high) {
    const [fill, stroke] = BOXES[role];
    if (role === "parameter") {
      const lid = `M0 8C0 -2 ${wide} -2 ${wide} 8`;
      group.append(make("path", { fill, stroke, d: `${lid}V${high - 8}C${wide} ${high + 2} 0 ${high + 2} 0 ${high - 8}z` }));
      group.append(make("path", { fill: "none", stroke, d: `M0 8C0 18 ${wide} 18 ${wide} 8` }));
    } else {
      if (role === "output") group.append(make("rect", { fill: "none", stroke, x: -4, y: -4, width: wide + 8, height: high + 8 }));
      group.append(make("rect", { fill, stroke, width: wide, height: high, rx: role === "input" ? 12 : 0 }));
    }
  }

  function box(k, { role, badge = "", title, data, grad, operands }) {
    const group = make("g", { id: `node${k}`, class: "node" });
    const low = role === "input"; // its name is beside its numbers, since there may be many
    const side = badge || low ? width(badge || title, 18) : 0;
    const top = role === "parameter" ? 12 : 0;
    const high = low ? 56 : Math.max(84 + top, 18 * operands.length); // room for the labels of the arrows
    const wide = side + Math.max(46 + NUMBER, low ? 0 : width(title, 18));
    ground(group, role, wide, high);
    if (badge) {
      group.append(make("rect", { fill: BOXES[role][1], width: side, height: high }));
      write(group, side / 2, high / 2 + 6, badge, { size: 18, fill: "#ffffff", "text-anchor": "middle" });
    }
    const middle = top + (high - top - 84) / 2 - (low ? 13 : 0);
    const named = low ? [side / 2, high / 2 + 6] : [side + (wide - side) / 2, middle + 26];
    write(group, ...named, title, { size: 18, "text-anchor": "middle" });
    [["data", data, INK], ["grad", grad, GRADIENT]].forEach(([word, number, fill], row) => {
      small(group, side + 8, middle + 49 + 23 * row, word);
      write(group, side + 46, middle + 50 + 23 * row, number, { fill, class: word });
    });
    return group;
  }

  // A row for each input with its weight, then the bias, the sum and the activation.
  function card(k, { name, card }) {
    const group = make("g", { id: `scope${k}`, class: "node" });
    const first = Math.max(width(name, 18) - 2 * NUMBER, 64, ...card.map(({ label }) => width(label, 16)));
    const [wide, high] = [first + 2 * NUMBER, 54 + 25 * card.length];
    ground(group, "card", wide, high);
    group.append(make("rect", { fill: BOXES.card[1], width: wide, height: 30 }));
    write(group, 4, 21, name, { size: 18, fill: "#ffffff" });
    const columns = [4, first + 4, first + NUMBER + 4];
    ["input", "weight", "grad"].forEach((word, column) => small(group, columns[column], 46, word));
    card.forEach(({ label, node, word }, row) => {
      const y = 71 + 25 * row;
      if (word === "bias") group.append(make("path", { stroke: BOXES.card[1], d: `M0 ${y - 19}H${wide}` }));
      write(group, columns[0], y, label, word ? { "data-word": word, "data-of": label } : {});
      write(group, columns[1], y, data.nodes[node].brief, { class: "data", "data-node": node });
      write(group, columns[2], y, "–", { fill: GRADIENT, class: "grad", "data-node": node });
    });
    return group;
  }

  const plane = svg.querySelector("g");
  plane.setAttribute("transform", "translate(0 0)");
  const boxes = data.nodes.map((node, k) => box(k, { ...node, title: node.name, data: node.brief, grad: "–" }));
  plane.replaceChildren(...boxes, ...data.parts.map((part, k) => card(k, part)));
}
