// The columns of the scenario's table: how each is sorted and what stands in it.

const learnerName = (row) => [
  markIcon(row.learner, row.strategy !== "none"),
  el("span", { class: row.learner.length <= 24 ? "nowrap" : "long" }, row.learner),
];
const openButton = (row) =>
  el(
    "button",
    {
      class: "open",
      type: "button",
      "aria-haspopup": "dialog",
      "aria-label": `${labelOf(row)} on ${row.scenario}: details`,
      onclick: () => showDetails(row),
    },
    learnerName(row),
  );

const rankCell = (row) => {
  const rank = rankOf(row);
  if (rank) return rank === 1 ? el("b", { class: "first" }, "1") : String(rank);
  return isNumber(row.ACC) ? el("span", { class: "faint" }, row.rank) : "–";
};

const seedsCell = (row) => [String(row.seeds), row.failed > 0 ? [" ", badge("bad", `${row.failed} failed`)] : null];

const differenceCell = (row) => {
  const found = row.comparison;
  if (!found) return "–";
  return el(
    "span",
    { title: `ACC less that of ${baselineOf(found)}, paired over ${plural(found.pairs ?? 0, "seed")}` },
    points(found, "difference"),
  );
};
const verdictCell = (row) =>
  row.comparison
    ? [
        verdictBadge(row.comparison.verdict),
        row.comparison.baseline_stale ? [" ", badge("bad", "baseline stale", row.comparison.baseline_stale)] : null,
      ]
    : row.isBaseline
      ? el("span", { class: "faint" }, "baseline")
      : "";

const metricColumn = (name) => ({
  name,
  title: titleOf(name),
  short: DATA.help[name] && ["ACC", "AIA", "LA"].includes(name) ? name : titleOf(name),
  suffix: SUFFIX[unitOf(name)] ?? "",
  number: true,
  value: (row) => row[name],
  descending: DATA.columns[name]?.better !== "lower",
  cell: (row) => [
    name === "ACC"
      ? el("span", { class: "with-bar" }, intervalBar(row, name, colourClass(row.learner)), measured(row, name))
      : measured(row, name),
    name === "LA" ? learningBadges(row) : null,
  ],
});

const compare = [
  {
    name: "difference",
    title: "difference to the baseline",
    short: "vs baseline",
    suffix: "points",
    number: true,
    descending: true,
    value: (row) => row.comparison?.difference,
    cell: differenceCell,
  },
  { name: "verdict", title: "verdict", value: (row) => row.comparison?.verdict, cell: verdictCell },
];
const variantCell = (row) => [
  // what a badge says is not said twice
  el(
    "span",
    { class: "variant-text" },
    row.variant
      .split(", ")
      .filter((part) => part !== "optimistic")
      .join(", "),
  ),
  " ",
  rowBadges(row),
];

// Shares first, then the difference to the baseline, then costs. LA stands beside forgetting whatever is chosen.
const scenarioColumns = () => {
  const numbers = OPTIONAL.filter(
    (name) => state.columns.has(name) || (name === "LA" && state.columns.has("forgetting")),
  );
  const isShare = (name) => unitOf(name) === "share";
  const special = (row) => row.variant || Object.keys(KINDS).some((kind) => KINDS[kind](row));
  return [
    { name: "rank", title: "rank", number: true, value: rankOf, cell: rankCell, class: "rank" },
    { name: "learner", title: "learner", value: (row) => row.learner, cell: openButton, head: true },
    { name: "strategy", title: "strategy", value: (row) => row.strategy, cell: (row) => row.strategy },
    rowsOf(state.scenario).some(special)
      ? { name: "variant", title: "variant", class: "variant", value: (row) => row.variant, cell: variantCell }
      : null,
    { name: "seeds", title: "seeds", number: true, descending: true, value: (row) => row.seeds, cell: seedsCell },
    ...numbers.filter(isShare).map(metricColumn),
    ...(ROWS.some((row) => row.comparison) ? compare : []),
    ...numbers.filter((name) => !isShare(name)).map(metricColumn),
  ].filter(Boolean);
};
