// How large the gradient is in each layer: the root of the mean square over its weights and biases, on a log scale.

function layerGradients(training) {
  const { network } = training;
  const gradient = training.fullGradient();
  return network.offsets.map((start, k) => {
    const end = network.offsets[k + 1] ?? gradient.length;
    let sum = 0;
    for (let place = start; place < end; place++) sum += gradient[place] ** 2;
    return Math.sqrt(sum / (end - start));
  });
}

function showGradientSizes(list, sizes) {
  while (list.children.length > sizes.length) list.lastChild.remove();
  while (list.children.length < sizes.length) {
    const row = document.createElement("li");
    row.append(
      ...["name", "bar", "number"].map((name) => Object.assign(document.createElement("span"), { className: name })),
    );
    row.children[1].append(document.createElement("i"));
    list.append(row);
  }
  sizes.forEach((size, k) => {
    const [name, bar, number] = list.children[k].children;
    name.textContent = k === sizes.length - 1 ? t("output") : t("layer {n}", { n: k + 1 });
    const share = size > 0 ? (Math.log10(size) + 8) / 9 : 0; // from 1e-8 to 10
    bar.firstChild.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
    number.textContent = short(size);
  });
}
