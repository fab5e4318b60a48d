// A CSV file: a header, columns of numbers, and the class in the last column. Errors name the line.

function readCsv(text) {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .map((line, k) => ({ line, number: k + 1 }));
  const filled = lines.filter(({ line }) => line.trim());
  if (filled.length < 2) throw new Error(t("the file needs a header and at least one line of numbers"));
  const separator = [",", ";", "\t"].find((s) => filled[0].line.includes(s)) ?? ",";
  const header = cells(filled[0], separator);
  if (header.length < 3) {
    throw new Error(
      t("line {line}: there must be at least three columns, two of numbers and the class", { line: filled[0].number }),
    );
  }
  if (header.slice(0, -1).every((cell) => cell !== "" && Number.isFinite(Number(cell)))) {
    throw new Error(
      t("line {line}: the first line must be a header, the names of the columns", { line: filled[0].number }),
    );
  }
  const rows = filled.slice(1).map((line) => {
    const row = cells(line, separator);
    if (row.length !== header.length) {
      throw new Error(
        t("line {line}: {n} cells, but the header has {m}", { line: line.number, n: row.length, m: header.length }),
      );
    }
    return { row, line: line.number };
  });
  const X = rows.map(({ row, line }) =>
    row.slice(0, -1).map((cell, k) => {
      if (cell === "" || !Number.isFinite(Number(cell))) {
        throw new Error(
          t("line {line}: {cell} in column {name} is not a number", {
            line,
            cell: JSON.stringify(cell),
            name: header[k],
          }),
        );
      }
      return Number(cell);
    }),
  );
  const labels = rows.map(({ row, line }) => {
    if (row.at(-1) === "") throw new Error(t("line {line}: the class is missing", { line }));
    return row.at(-1);
  });
  const numbers = labels.every((label) => Number.isFinite(Number(label)));
  const classes = [...new Set(labels)].sort(numbers ? (a, b) => a - b : undefined);
  if (classes.length > MOST_CLASSES) {
    throw new Error(
      t("the last column, {name}, has {n} different classes; at most {most} are possible", {
        name: header.at(-1),
        n: classes.length,
        most: MOST_CLASSES,
      }),
    );
  }
  if (classes.length === 1) classes.push("?");
  return { X, y: labels.map((label) => classes.indexOf(label)), classes, names: header.slice(0, -1) };
}

// The cells of a line; one in quotes may hold the separator, and "" for a quote.
function cells({ line, number }, separator) {
  const found = [""];
  let quoted = false;
  for (let k = 0; k < line.length; k++) {
    const letter = line[k];
    if (quoted && letter === '"' && line[k + 1] === '"') found[found.length - 1] += line[k++];
    else if (letter === '"' && (quoted || found.at(-1).trim() === "")) quoted = !quoted;
    else if (letter === separator && !quoted) found.push("");
    else found[found.length - 1] += letter;
  }
  if (quoted) throw new Error(t("line {line}: a quotation mark is not closed", { line: number }));
  return found.map((cell) => cell.trim());
}
