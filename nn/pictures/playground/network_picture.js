// The network: a column for each layer, a button with its own picture for each neuron, a line for each weight.

const STRIDE = 2; // the small pictures show every second point of the grid
const SMALL = GRID / STRIDE; // pixels each way

class NetworkPicture {
  // `act` has open(layer, k), focus([layer, k]) or focus(null), connectWidth(layer, field) and placed().
  constructor(frame, act) {
    this.frame = frame;
    this.act = act;
    [this.lines, this.pictures] = frame.querySelectorAll("canvas");
    this.places = [];
    new ResizeObserver(() => this.place()).observe(frame);
  }

  // New buttons and number fields for the layers of `training`.
  build(training) {
    const { sizes, depth } = training.network;
    this.sizes = sizes;
    this.frame.querySelectorAll(".unit").forEach((element) => element.remove());
    this.units = sizes.map((size, layer) =>
      Array.from({ length: size }, (_, k) => this.unit(training, layer, k, depth)),
    );
    if (this.heads?.length !== sizes.length) {
      this.frame.querySelectorAll(".head").forEach((element) => element.remove());
      this.heads = sizes.map((_, layer) => this.head(layer, depth));
    }
    // The pictures of all neurons, one below the other, which are copied to their places: a canvas each would be much
    // for the browser to put together in every frame.
    this.strip = new OffscreenCanvas(SMALL, SMALL * this.units.flat().length);
    this.image = new ImageData(this.strip.width, this.strip.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.heads.forEach((head, layer) => {
      const field = head.querySelector("input"); // which may be the one that is being typed into
      if (field && typedNumber(field) !== sizes[layer]) field.value = sizes[layer];
      field?.removeAttribute("aria-invalid");
    });
    this.place();
  }

  unit(training, layer, k, depth) {
    const unit = document.createElement(layer ? "button" : "span");
    unit.className = layer === depth ? "unit output" : layer ? "unit" : "unit input";
    if (layer) {
      unit.type = "button";
      unit.dataset.tLabel = "Neuron {k} of layer {layer}";
      [unit.dataset.k, unit.dataset.layer] = [k + 1, layer];
      unit.addEventListener("click", () => this.act.open(layer, k));
      for (const event of ["pointerenter", "focus"]) unit.addEventListener(event, () => this.act.focus([layer, k]));
      for (const event of ["pointerleave", "blur"]) unit.addEventListener(event, () => this.act.focus(null));
    } else {
      const name = document.createElement("b");
      name.textContent = training.data.names[(training.data.columns ?? [0, 1])[k]];
      unit.append(name);
    }
    this.frame.append(unit);
    return unit;
  }

  head(layer, depth) {
    const head = document.createElement("div");
    head.className = "head";
    const name = document.createElement("span");
    name.dataset.t = layer === 0 ? "inputs" : layer === depth ? "output" : "";
    head.append(name);
    if (layer > 0 && layer < depth) {
      name.remove();
      const field = document.createElement("input");
      Object.assign(field, { type: "number", min: 1, max: MOST_NEURONS, step: 1 });
      field.dataset.tLabel = "Neurons in layer {layer}";
      field.dataset.layer = layer;
      this.act.connectWidth(layer, field);
      head.append(field);
    }
    this.frame.append(head);
    return head;
  }

  // Where everything stands, which depends on the width of the frame.
  place() {
    if (!this.units) return;
    const width = this.frame.clientWidth;
    const most = Math.max(...this.sizes, 6);
    const gap = width / this.sizes.length;
    const room = most > 10 ? 580 : 440;
    const size = Math.max(24, Math.min(46, room / most - 5, gap - 14));
    const pitch = size + Math.max(4, Math.min(16, room / most - size));
    const top = 46;
    const height = top + most * pitch + 8;
    this.frame.style.height = `${height}px`;
    this.size = size;
    this.places = this.units.map((units, layer) =>
      units.map((unit, k) => {
        const x = gap * (layer + 0.5);
        const y = top + (height - top) / 2 + (k - (units.length - 1) / 2) * pitch;
        unit.style.cssText = `left: ${x - size / 2}px; top: ${y - size / 2}px; width: ${size}px; height: ${size}px`;
        return [x, y];
      }),
    );
    this.heads.forEach((head, layer) => (head.style.left = `${gap * (layer + 0.5)}px`));
    this.act.placed();
  }

  drawLines({ network }) {
    const context = sized(this.lines);
    const largest = new Array(network.depth + 1).fill(1e-9);
    network.forEachWeight((place, layer) => {
      largest[layer] = Math.max(largest[layer], Math.abs(network.theta[place]));
    });
    const many = Math.max(...network.sizes) > 10;
    for (let layer = 1; layer <= network.depth; layer++) {
      for (let k = 0; k < network.sizes[layer]; k++) {
        for (let j = 0; j < network.sizes[layer - 1]; j++) {
          this.drawWeight(context, network.theta[network.place(layer, k, j)], largest[layer], many, [
            this.places[layer - 1][j],
            this.places[layer][k],
          ]);
        }
      }
    }
  }

  // What each neuron says in the plane; `opened` is the one whose card is open.
  drawPictures({ network }, maps, opened) {
    let start = 0;
    this.units.forEach((units, layer) =>
      units.forEach((unit, k) => {
        if (layer === network.depth && units.length === 1) maps.paintPrediction(this.pixels, STRIDE, start);
        else maps.paintNeuron(this.pixels, layer, k, STRIDE, start);
        start += SMALL * SMALL;
        if (layer) unit.setAttribute("aria-pressed", String(opened?.[0] === layer && opened[1] === k));
      }),
    );
    this.strip.getContext("2d").putImageData(this.image, 0, 0);
    const context = sized(this.pictures);
    const { size } = this;
    this.places.flat().forEach(([x, y], number) => {
      context.save();
      context.beginPath();
      context.roundRect(x - size / 2 + 1, y - size / 2 + 1, size - 2, size - 2, 0.22 * size);
      context.clip();
      context.drawImage(this.strip, 0, SMALL * number, SMALL, SMALL, x - size / 2, y - size / 2, size, size);
      context.restore();
    });
  }

  drawWeight(context, weight, largest, many, [[x1, y1], [x2, y2]]) {
    const share = Math.abs(weight) / largest;
    if (!(share > (many ? 0.08 : 0.02))) return; // too thin to be seen
    const half = this.size / 2;
    const [from, to] = [x1 + half, x2 - half];
    const bend = 0.45 * (to - from);
    context.beginPath();
    context.moveTo(from, y1);
    context.bezierCurveTo(from + bend, y1, to - bend, y2, to, y2);
    context.lineWidth = (many ? 0.3 : 0.5) + (many ? 2.2 : 3.6) * share;
    context.setLineDash(weight < 0 ? [7, 4] : []);
    context.strokeStyle = css(weight < 0 ? colours.negative : colours.positive, 0.15 + 0.75 * share);
    context.stroke();
  }
}
