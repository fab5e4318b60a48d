// Both loss curves, epoch by epoch: training solid, test dashed.

function drawCurves(canvas, history) {
  const context = sized(canvas);
  const [width, height] = sizeOf(canvas);
  const [left, right, top, bottom] = [44, 10, 10, 22];
  const finite = (x) => x !== null && Number.isFinite(x);
  const losses = history.flatMap(({ train, test }) => [train.loss, test.loss]).filter(finite);
  const most = Math.max(...losses, 1e-9) * 1.05;
  const last = Math.max(history.at(-1).epoch, 1);
  const x = (epoch) => left + (epoch / last) * (width - left - right);
  const y = (loss) => height - bottom - (loss / most) * (height - top - bottom);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colours.muted;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  for (let k = 0; k <= 2; k++) {
    const loss = (k * most) / 2.1;
    context.beginPath();
    context.moveTo(left, y(loss));
    context.lineTo(width - right, y(loss));
    context.stroke();
    context.textAlign = "right";
    context.fillText(short(Number(loss.toPrecision(2))), left - 6, y(loss));
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText("0", left, height - 6);
  context.textAlign = "right";
  context.fillText(t("epoch {n}", { n: history.at(-1).epoch }), width - right, height - 6);
  const every = Math.max(1, Math.floor(history.length / (2 * width)));
  for (const [name, dash] of [
    ["test", [5, 4]],
    ["train", []],
  ]) {
    context.beginPath();
    context.setLineDash(dash);
    context.strokeStyle = colours[name];
    context.lineWidth = 2.2;
    context.lineJoin = "round";
    history.forEach((record, k) => {
      if (finite(record[name].loss) && (k % every === 0 || k === history.length - 1)) {
        context.lineTo(x(record.epoch), y(record[name].loss));
      }
    });
    context.stroke();
    const end = history.at(-1)[name].loss;
    if (finite(end)) {
      context.setLineDash([]);
      context.beginPath();
      context.arc(x(history.at(-1).epoch), y(end), 3.5, 0, 2 * Math.PI);
      context.fillStyle = colours[name];
      context.fill();
    }
  }
  context.setLineDash([]);
}
