// The data, as rows; and how numbers are written.

const DATA = JSON.parse(document.getElementById("data").textContent);

const columnOf = (column) => {
  if (Array.isArray(column)) return column;
  return column.at ? column.at.map((i) => column.texts[i]) : Array(column.count).fill(column.same);
};

const recordsOf = (encoded) => {
  const names = Object.keys(encoded);
  const columns = names.map((name) => columnOf(encoded[name]));
  const count = columns.length ? columns[0].length : 0;
  return Array.from({ length: count }, (_, i) => Object.fromEntries(names.map((name, c) => [name, columns[c][i]])));
};

const ABSENT = { variant: "", seeds: 0, failed: 0, stale: "", optimistic: false, tuned: "default" };
const ROWS = recordsOf(DATA.rows).map((row, id) => {
  const details = Object.fromEntries(Object.entries(DATA.details).map(([name, values]) => [name, values[id]]));
  details.matrix = details.matrix?.map((values, _, { length }) => [
    ...values,
    ...Array(length - 1 - values.length).fill(0),
  ]);
  if (details.values) {
    const [seeds, ...columns] = details.values;
    details.values = {
      seed: DATA.parts[seeds],
      ...Object.fromEntries(
        columns.map((column, i) => {
          const name = DATA.of_seeds[i],
            share = name === "train_seconds" ? 1 : DATA.per_share;
          return [name, column.map((value) => (value === null ? null : value / share))];
        }),
      ),
    };
  }
  return { ...ABSENT, ...row, id, details };
});
for (const comparison of recordsOf(DATA.comparisons)) {
  ROWS[comparison.row].comparison = comparison;
  if (comparison.baseline_row >= 0) ROWS[comparison.baseline_row].isBaseline = true;
}
const SUMMARY = recordsOf(DATA.summary).map((row) => ({ ...ABSENT, ...row }));
const COVERAGE = recordsOf(DATA.coverage);

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const nameOf = (row) => (row.strategy === "none" ? row.learner : `${row.learner} + ${row.strategy}`);
const labelOf = (row) => (row.variant ? `${nameOf(row)} (${row.variant})` : nameOf(row));
const titleOf = (name) => DATA.columns[name]?.title ?? DATA.help[name]?.title ?? name.replaceAll("_", " ");
const baselineOf = (found) => `${found.baseline ?? "the baseline"}${found.baseline_stale ? " (stale)" : ""}`;
const plural = (count, word) => `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;

const minus = (text) => text.replace(/^-(?=[0.]*$)/, "").replace("-", "−"); // what rounds to zero has no sign
const grouped = (value) => value.toLocaleString("en-GB", { maximumFractionDigits: 3 });
const percent = (value, digits = 1) => (isNumber(value) ? minus((100 * value).toFixed(digits)) : "–");
const signed = (value, digits = 1) => {
  const shown = percent(value, digits);
  return value > 0 && /[1-9]/.test(shown) ? `+${shown}` : shown;
};

const scaled = (value, base, units) => {
  let size = value,
    i = 0;
  while (Math.abs(size) >= base && i < units.length - 1) {
    size /= base;
    i += 1;
  }
  return `${+size.toPrecision(3)}${units[i] ? ` ${units[i]}` : ""}`;
};

// A number in the unit of its column, short enough for a table.
const written = (value, unit) => {
  if (!isNumber(value)) return "–";
  if (unit === "share") return percent(value);
  if (unit === "bytes") return scaled(value, 1000, ["B", "kB", "MB", "GB", "TB"]);
  if (unit === "operations") return scaled(value, 1000, ["", "k", "M", "G", "T", "P"]);
  if (unit === "seconds") return value >= 100 ? grouped(Math.round(value)) : value.toPrecision(3);
  return minus(Number.isInteger(value) ? grouped(value) : `${+value.toPrecision(4)}`);
};
const SUFFIX = { share: "%", seconds: "s" };
const unitOf = (name) => DATA.columns[name]?.unit ?? "count";

// A mean with the half-width of its interval, in words for titles and screen readers.
const spoken = (row, name) => {
  const [mean, low, high] = [row[name], row[`${name}_low`], row[`${name}_high`]];
  if (!isNumber(mean)) return "no value";
  const unit = unitOf(name),
    suffix = SUFFIX[unit] ? ` ${SUFFIX[unit]}` : "";
  const ends = isNumber(low) ? `, 95% interval ${written(low, unit)} to ${written(high, unit)}` : "";
  return `${written(mean, unit)}${suffix}${ends}`;
};
