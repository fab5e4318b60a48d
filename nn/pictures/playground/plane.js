// The plane: the prediction as colours, the boundary as a line, the points; and how points are added and chosen. Each
// has a canvas of its own, so that a frame of training draws only what training changes.

const NEAR = 11; // pixels within which a click means a point

class Plane {
  // `act` has add(x1, x2, other), choose(row) and remove(row), which the page does with what is clicked.
  constructor(canvas, act) {
    this.canvas = canvas; // of the points, on top
    [this.heat, this.line] = canvas.parentElement.querySelectorAll("canvas");
    this.heat.width = this.heat.height = GRID; // the browser enlarges it
    this.act = act;
    this.image = new ImageData(GRID, GRID);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.drawn = []; // what the picture of the points was drawn of
    this.view = { low: [-1.6, -1.6], high: [1.6, 1.6] };
    this.cursor = null; // of the keyboard
    canvas.addEventListener("click", (event) => this.clicked(event));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.moveCursor(null));
  }

  // Choose the corners so that all points are inside, with the same scale both ways where that is possible.
  fit(data) {
    const [a, b] = data.columns ?? [0, 1];
    const ranges = [a, b].map((column) => {
      const xs = data.X.map((row) => row[column]);
      return xs.length ? [Math.min(...xs), Math.max(...xs)] : [-1.3, 1.3];
    });
    const halves = ranges.map(([low, high]) => 0.58 * (high - low));
    const widest = Math.max(...halves) || 1;
    this.view = { low: [], high: [] };
    ranges.forEach(([low, high], k) => {
      const half = halves[k] > widest / 4 || halves[k] === 0 ? widest : halves[k];
      this.view.low.push((low + high) / 2 - half);
      this.view.high.push((low + high) / 2 + half);
    });
  }

  toPixels(x1, x2) {
    const { low, high } = this.view;
    const [width, height] = sizeOf(this.canvas);
    return [((x1 - low[0]) / (high[0] - low[0])) * width, ((high[1] - x2) / (high[1] - low[1])) * height];
  }

  fromPixels(x, y) {
    const { low, high } = this.view;
    const [width, height] = sizeOf(this.canvas);
    return [low[0] + (x / width) * (high[0] - low[0]), high[1] - (y / height) * (high[1] - low[1])];
  }

  // `focus` is [layer, k] of a neuron whose picture is shown in place of the prediction.
  draw(training, maps, chosen, focus) {
    this.training = training;
    if (focus) maps.paintNeuron(this.pixels, ...focus);
    else maps.paintPrediction(this.pixels);
    this.heat.getContext("2d").putImageData(this.image, 0, 0);
    this.drawBoundary(maps);
    const shown = [training.train, chosen, this.cursor, colours.ink, ...sizeOf(this.canvas)];
    if (shown.some((x, k) => x !== this.drawn[k])) this.drawPoints(chosen);
    this.drawn = shown;
  }

  drawBoundary(maps) {
    const context = sized(this.line);
    const [across, down] = sizeOf(this.line).map((size) => size / (GRID - 1));
    context.beginPath();
    for (const map of maps.leads()) {
      contour(map, (x1, y1, x2, y2) => {
        context.moveTo(x1 * across, y1 * down);
        context.lineTo(x2 * across, y2 * down);
      });
    }
    context.lineWidth = 2;
    context.lineCap = "round";
    context.strokeStyle = colours.ink;
    context.stroke();
  }

  drawPoints(chosen) {
    const { training } = this;
    const context = sized(this.canvas);
    this.drawAxes(context, ...sizeOf(this.canvas));
    for (const [part, hollow] of [
      [training.test, true],
      [training.train, false],
    ]) {
      for (const row of part.rows) this.drawPoint(context, row, { hollow });
    }
    if (chosen !== null && training.data.X[chosen]) {
      this.drawPoint(context, chosen, { r: 5.5, chosen: true, hollow: training.test.rows.includes(chosen) });
    }
    if (this.cursor) this.drawCursor(context);
  }

  drawPoint(context, row, look) {
    const { X, y, columns = [0, 1] } = this.training.data;
    drawMark(context, ...this.toPixels(X[row][columns[0]], X[row][columns[1]]), y[row], look);
  }

  drawAxes(context, width, height) {
    const [x, y] = this.toPixels(0, 0);
    context.strokeStyle = colours.muted;
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
    context.globalAlpha = 1;
  }

  drawCursor(context) {
    const [x, y] = this.toPixels(...this.cursor);
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x - 12, y);
    context.lineTo(x + 12, y);
    context.moveTo(x, y - 12);
    context.lineTo(x, y + 12);
    context.stroke();
  }

  // The row of the point nearest to a place, or -1 where none is near.
  near(x, y, limit) {
    const { X, columns = [0, 1] } = this.training.data;
    let [best, least] = [-1, limit];
    X.forEach((row, k) => {
      const [px, py] = this.toPixels(row[columns[0]], row[columns[1]]);
      const distance = Math.hypot(px - x, py - y);
      if (distance <= least) [best, least] = [k, distance];
    });
    return best;
  }

  clicked(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = this.near(x, y, NEAR);
    if (row >= 0 && !event.shiftKey) {
      if (event.ctrlKey || event.metaKey) this.act.remove(row);
      else this.act.choose(row);
    } else this.act.add(...this.fromPixels(x, y), event.shiftKey);
  }

  key(event) {
    const { low, high } = this.view;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const cursor = this.cursor ?? [0, 1].map((k) => (low[k] + high[k]) / 2);
    const near = (limit) => this.near(...this.toPixels(...cursor), limit);
    if (move) {
      const inside = (x, k) => Math.min(high[k], Math.max(low[k], x));
      this.moveCursor(cursor.map((x, k) => inside(x + (move[k] * (high[k] - low[k])) / 40, k)));
    } else if (event.key === "Enter") this.act.add(...cursor, event.shiftKey);
    else if (event.key === " " && near(Infinity) >= 0) this.act.choose(near(Infinity));
    else if ((event.key === "Delete" || event.key === "Backspace") && near(2 * NEAR) >= 0)
      this.act.remove(near(2 * NEAR));
    else return;
    event.preventDefault();
  }

  moveCursor(cursor) {
    this.cursor = cursor;
    this.act.moved(cursor);
  }
}
