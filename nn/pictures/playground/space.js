// The space of a layer: where its neurons move the points of the plane, two neurons at a time, with the plane's grid.

const CELL = 2; // spaces of the grid that a cell is wide

function drawSpace(canvas, training, maps, [layer, across, up]) {
  const context = sized(canvas);
  const [width, height] = sizeOf(canvas);
  const { network, data } = training;
  const [a, b] = [maps.of[layer][across], maps.of[layer][up]];
  const one = network.sizes[layer] === 1;
  const points = [];
  for (const [part, hollow] of [
    [training.test, true],
    [training.train, false],
  ]) {
    network.drawMasks(0);
    part.rows.forEach((row, k) => {
      network.forward(part.x1[k], part.x2[k]);
      const outs = network.outs[layer];
      points.push({ x: outs[across], y: one ? 0 : outs[up], label: data.y[row], hollow });
    });
  }
  const scale = (xs, low, high) => {
    const [least, most] = xs.reduce(([l, m], x) => [Math.min(l, x), Math.max(m, x)], [Infinity, -Infinity]);
    const range = most - least || 1;
    return (x) => low + ((x - (least + most) / 2) / range + 0.5) * (high - low);
  };
  const [toX, toY] = [scale(a, 14, width - 14), one ? () => height / 2 : scale(b, height - 14, 14)];
  const corner = (place) => [toX(a[place]), toY(one ? 0 : b[place])];
  const pixels = new Uint32Array(GRID * GRID);
  maps.paintPrediction(pixels);
  // Cells of about the same colour are one shape, which is drawn at once.
  const shapes = new Map();
  const last = GRID - 1 - ((GRID - 1) % CELL);
  for (let row = 0; row < last; row += CELL) {
    for (let column = 0; column < last; column += CELL) {
      const at = row * GRID + column;
      const colour = pixels[at + (GRID + 1) * (CELL / 2)];
      const key = colour & 0xf0f0f0;
      const shape = shapes.get(key) ?? shapes.set(key, { colour, path: new Path2D() }).get(key);
      const [x, y] = corner(at);
      shape.path.moveTo(x, y);
      for (const after of [CELL, CELL * (GRID + 1), CELL * GRID]) shape.path.lineTo(...corner(at + after));
      shape.path.closePath();
    }
  }
  context.lineWidth = 0.6;
  for (const { colour, path } of shapes.values()) {
    pixelNumber[0] = colour;
    context.fillStyle = css(pixel, 0.8);
    context.fill(path);
    context.strokeStyle = colours.muted;
    context.globalAlpha = 0.4;
    context.stroke(path);
    context.globalAlpha = 1;
  }
  for (const { x, y, label, hollow } of points) drawMark(context, toX(x), toY(y), label, { r: 3.4, hollow });
}

// The lists that choose the layer and the two neurons; kept where they still exist.
function fillSpaceLists(lists, network, chosen) {
  const [layer, across, up] = lists;
  const fill = (list, items, value) => {
    list.replaceChildren(...items.map(([key, text]) => new Option(text, key, false, key === value)));
  };
  const layers = Array.from({ length: network.depth - 1 }, (_, k) => [k + 1, t("hidden layer {n}", { n: k + 1 })]);
  const shown = [[0, t("inputs")], ...layers];
  if (network.sizes.at(-1) > 1) shown.push([network.depth, t("output")]);
  if (!shown.some(([key]) => key === chosen[0])) chosen[0] = shown.at(-1)[0];
  const size = network.sizes[chosen[0]];
  if (!(chosen[1] < size)) chosen[1] = 0;
  if (!(chosen[2] < size) || (size > 1 && chosen[1] === chosen[2])) chosen[2] = chosen[1] === 0 && size > 1 ? 1 : 0;
  const units = Array.from({ length: size }, (_, k) => [k, t("neuron {k}", { k: k + 1 })]);
  fill(layer, shown, chosen[0]);
  fill(across, units, chosen[1]);
  fill(up, units, chosen[2]);
}
