// Scales, ticks and the frame of a figure. Figures are drawn in the pixels of their place, so texts keep their size.

const linear = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);
const logarithmic = (low, high, from, to) => {
  const scale = linear(Math.log10(low), Math.log10(high), from, to);
  return (value) => scale(Math.log10(value));
};
const ticks = (low, high, count) => {
  const raw = (high - low) / Math.max(1, count) || 1,
    power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-6; i += 1)
    values.push(+(i * step).toPrecision(12));
  return values;
};
const logTicks = (low, high) => {
  const values = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of high / low < 1000 ? [1, 2, 5] : [1]) values.push(+(factor * 10 ** power).toPrecision(12));
  }
  return values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
};

const text = (content, x, y, anchor = "start", className = "label") =>
  svg("text", { class: className, x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor }, content);
const line = (x1, y1, x2, y2, className) =>
  svg("line", { class: className, x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1) });

const figure = (width, height, title, description, ...children) =>
  svg(
    "svg",
    {
      class: "figure",
      role: "img",
      "aria-label": `${title}. ${description}`,
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
    },
    svg("desc", {}, description),
    ...children,
  );

// The least span of an axis of shares, so that noise does not look like a difference.
const widened = (low, high, span = 0.1) => {
  const missingSpan = Math.max(0, span - (high - low)) / 2;
  return [low - missingSpan, high + missingSpan];
};
const extent = (values) => [Math.min(...values), Math.max(...values)];

const widthOf = (node) => Math.max(280, Math.floor(node.clientWidth || 960));
const shareOut = (width, count, least, most, gap = 24) => {
  const fitting = Math.max(1, Math.min(count, Math.floor((width + gap) / (least + gap))));
  const columns = Math.ceil(count / Math.ceil(count / fitting)); // rows of equal length where that is possible
  return Math.min(most, Math.floor((width - gap * (columns - 1)) / columns));
};

// A section with a heading, a line that says what is drawn, controls, a place for figures.
const makeSection = (id, title, short, hint, ...controls) => {
  const place = el("div", { class: "place" });
  const heading = el("h2", { id: `${id}-title` }, title);
  const node = el(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    el("div", { class: "section-head" }, heading, ...controls),
    hint ? el("p", { class: "hint" }, hint) : null,
    place,
  );
  return {
    id,
    title: short,
    node,
    place,
    show: (visible) => {
      node.hidden = !visible;
    },
  };
};
