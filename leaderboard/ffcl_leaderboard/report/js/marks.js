// The mark of a learner: the same shape and colour everywhere. Plots beside the page have its colour too, if they have
// up to four strategies.

const polygon = (corners, turn = -90, inner = 1) =>
  Array.from({ length: corners * (inner < 1 ? 2 : 1) }, (_, i, count = corners * (inner < 1 ? 2 : 1)) => {
    const angle = ((turn + (360 * i) / count) * Math.PI) / 180,
      radius = inner < 1 && i % 2 ? inner : 1;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
const CROSS = [
  [-1, -0.36],
  [-0.36, -0.36],
  [-0.36, -1],
  [0.36, -1],
  [0.36, -0.36],
  [1, -0.36],
  [1, 0.36],
  [0.36, 0.36],
  [0.36, 1],
  [-0.36, 1],
  [-0.36, 0.36],
  [-1, 0.36],
];
const turned = (points) => points.map(([x, y]) => [(x - y) * 0.76, (x + y) * 0.76]);
const SHAPES = {
  o: null,
  s: polygon(4, -45).map(([x, y]) => [1.2 * x, 1.2 * y]),
  "^": polygon(3).map(([x, y]) => [1.15 * x, 1.15 * y]),
  D: polygon(4).map(([x, y]) => [1.1 * x, 1.1 * y]),
  v: polygon(3, 90).map(([x, y]) => [1.15 * x, 1.15 * y]),
  P: CROSS,
  X: turned(CROSS),
  "<": polygon(3, 180).map(([x, y]) => [1.15 * x, 1.15 * y]),
  ">": polygon(3, 0).map(([x, y]) => [1.15 * x, 1.15 * y]),
  p: polygon(5),
  h: polygon(6),
  "*": polygon(5, -90, 0.42).map(([x, y]) => [1.3 * x, 1.3 * y]),
};

const numberOf = (learner) => Math.max(0, DATA.learners.indexOf(learner));
const LOOKS = DATA.markers.length; // and as many colours: the 13th learner has the 1st's, so another shape
const colourClass = (learner) => `c${numberOf(learner) % LOOKS}`;
const shapeOf = (learner) =>
  SHAPES[DATA.markers[(numberOf(learner) + Math.floor(numberOf(learner) / LOOKS)) % LOOKS]];

// A mark at a place of a figure; hollow with a strategy, as in the plots.
const markAt = (learner, x, y, radius, hollow = false) => {
  const shape = shapeOf(learner),
    paint = `mark ${hollow ? "hollow" : "solid"}`;
  if (!shape) return svg("circle", { class: paint, cx: x.toFixed(1), cy: y.toFixed(1), r: radius });
  const points = shape.map(([dx, dy]) => `${(x + radius * dx).toFixed(1)},${(y + radius * dy).toFixed(1)}`).join(" ");
  return svg("polygon", { class: paint, points });
};

const markIcon = (learner, hollow = false) =>
  svg(
    "svg",
    { class: `icon ${colourClass(learner)}`, viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" },
    markAt(learner, 7, 7, 4.6, hollow),
  );
