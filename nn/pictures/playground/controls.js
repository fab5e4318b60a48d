// The controls of the settings: made from their list, so that each has its name and shows its current value.

// What is put into a field is set, unless it is the current value already. A number is set as soon as it is typed; that
// it is not allowed is said when the field is left.
function connect(field, read, current, set, complain) {
  const apply = (leaving) => {
    try {
      if (String(read()) !== String(current())) set(read());
      field.removeAttribute("aria-invalid");
    } catch (error) {
      field.setAttribute("aria-invalid", "true");
      if (leaving) complain(error);
    }
  };
  if (field.type === "number") field.addEventListener("input", () => apply(false));
  field.addEventListener("change", () => apply(true));
}

const typedNumber = (field) => (field.value.trim() ? Number(field.value) : field.value);

class Controls {
  // `set(name, value)` is what a change does; `complain(error)` shows why a value is refused.
  constructor(set, complain) {
    this.fields = {};
    for (const [name, kind] of Object.entries(SETTINGS)) {
      const field = this.made(name, kind);
      this.fields[name] = field;
      const read = () => (kind.box ? field.checked : kind.list ? field.value : typedNumber(field));
      connect(
        field,
        read,
        () => this.options[name],
        (value) => set(name, value),
        complain,
      );
      document.querySelector(`.${kind.group} .fields`).append(this.labelled(name, field));
    }
  }

  made(name, kind) {
    const field = document.createElement(kind.list ? "select" : "input");
    if (kind.box) field.type = "checkbox";
    else if (kind.range) {
      const [min, max] = kind.range;
      Object.assign(field, { type: "number", min, step: kind.step, inputMode: kind.whole ? "numeric" : "decimal" });
      if (max < Infinity) field.max = max;
    } else if (name === "Activation") {
      const group = (label, names) => {
        const options = document.createElement("optgroup");
        options.dataset.tLabelOf = options.label = label;
        options.append(...names.map((value) => new Option(value, value)));
        return options;
      };
      const usual = ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"];
      field.append(
        group("usual", usual),
        group(
          "all others",
          kind.list.filter((value) => !usual.includes(value)),
        ),
      );
    } else {
      for (const value of kind.list) {
        const option = new Option(value, value);
        if (name === "Data") option.dataset.t = value;
        field.append(option);
      }
    }
    return field;
  }

  labelled(name, field) {
    const label = document.createElement("label");
    const text = document.createElement("span");
    text.dataset.t = name;
    label.append(...(field.type === "checkbox" ? [field, text] : [text, field]));
    if (field.type === "checkbox") label.className = "box";
    return label;
  }

  show(options) {
    this.options = options;
    for (const [name, field] of Object.entries(this.fields)) {
      if (SETTINGS[name].box) field.checked = options[name];
      else if (field !== document.activeElement || typedNumber(field) !== options[name]) field.value = options[name];
      field.removeAttribute("aria-invalid");
    }
    this.fields.Momentum.disabled = options.Optimizer.startsWith("adam");
    for (const name of ["Points", "Noise", "Wrong labels"]) this.fields[name].disabled = options.Data === "own";
    for (const group of this.fields.Activation.children) group.label = t(group.dataset.tLabelOf);
  }
}
