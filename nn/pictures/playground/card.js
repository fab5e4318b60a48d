// The card of a neuron: its formula with numbers for one example, and the stepper, on which its part of backprop can be
// taken one application of the chain rule at a time.

const RENEWED = 250; // milliseconds at least from one renewal of the numbers to the next while training runs

class Card {
  constructor(section, changed) {
    this.section = section;
    this.changed = changed; // called when another row of the data is chosen
    this.at = null; // [layer, k]
    this.find = (name) => section.querySelector(`.${name}`);
    this.root = this.find("board").attachShadow({ mode: "open" });
    this.find("close").addEventListener("click", () => this.open(null));
    this.find("example").addEventListener("change", (event) => this.chosen(Number(event.target.value) - 1));
    section.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.open(null);
    });
  }

  chosen(row) {
    const nearest = Math.min(this.training.data.y.length - 1, Math.max(0, Math.trunc(row) || 0));
    this.changed(nearest);
    this.draw(this.training, nearest);
  }

  open(at) {
    const before = this.at;
    this.at = at;
    this.section.hidden = !at;
    this.shown = null; // what the board was made for
    this.changed(at ? (this.row ?? 0) : null);
    if (at) {
      this.section.querySelector("h2").focus({ preventScroll: true });
    } else {
      this.gone?.abort();
      document.querySelector(`.unit[data-layer="${before?.[0]}"][data-k="${before?.[1] + 1}"]`)?.focus();
    }
  }

  // `running`: the numbers change all the time, and are shown now and then.
  draw(training, row, running = false) {
    [this.training, this.row] = [training, row];
    const [layer, k] = this.at ?? [];
    const n = training.data.y.length;
    if (!this.at || !n || layer > training.network.depth || k >= training.network.sizes[layer]) {
      if (this.at) this.open(null);
      return;
    }
    const now = performance.now();
    if (running && this.shown && now - this.renewed < RENEWED) return;
    this.renewed = now;
    const facts = neuronFacts(training, layer, k, row ?? 0);
    this.find("who").textContent = t("Neuron {k} of layer {layer}", { k: k + 1, layer });
    const example = this.find("example");
    example.max = n;
    if (document.activeElement !== example) example.value = (row ?? 0) + 1;
    this.find("class").textContent = t("of {n}, class {label}", { n, label: training.data.classes[facts.label] });
    this.writeFormulas(facts);
    const opens = !this.shown;
    this.showBoard(facts, neuronData(facts, t("neuron {k}", { k: k + 1 })), k, running);
    if (opens) this.section.scrollIntoView({ block: "start", behavior: "auto" }); // now that it has its height
  }

  writeFormulas(facts) {
    const signed = (x) => (x < 0 ? `(${short(x)})` : short(x));
    const products = (terms) => (terms.length > 4 ? [...terms.slice(0, 3), "…", terms.at(-1)] : terms).join(" + ");
    const symbols = products(facts.names.map((name, j) => `w${j + 1}·${name}`));
    const numbers = products(facts.inputs.map((x, j) => `${signed(facts.weights[j])}·${signed(x)}`));
    const lines = [`z = ${symbols} + b`, `  = ${numbers} + ${signed(facts.bias)} = ${short(facts.z)}`];
    if (!facts.after.length) lines.push(`L = ${t("loss of this example")} = ${short(facts.loss)}`);
    else if (facts.activation === "linear") lines.push(`a = z = ${short(facts.out)}`);
    else lines.push(`a = ${facts.activation}(z) = ${facts.activation}(${short(facts.z)}) = ${short(facts.out)}`);
    this.find("formula").textContent = lines.join("\n");
  }

  // The board stays as long as it shows the same graph, so that nobody loses their place.
  showBoard(facts, data, k, running) {
    const shown = JSON.stringify([language, k, facts.layer, facts.activation, facts.names, facts.after.map(({ name }) => name)]);
    if (this.shown === shown) return this.board.renew(data, running);
    this.shown = shown;
    this.gone?.abort();
    this.gone = new AbortController();
    this.root.replaceChildren(page("board").content.cloneNode(true));
    drawBoxes(this.root.querySelector("svg.graph"), data);
    this.board = makeBoard(this.root, data, { keys: this.section, signal: this.gone.signal, beside: true });
    this.board.speak(language !== "en");
  }
}
