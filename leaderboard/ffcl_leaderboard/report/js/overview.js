// Over all scenarios: the summary's table, and the accuracy on each scenario side by side.

const share = (row, name) => measured(row, name);
const ownColumn = (name, title, extra = {}) => ({
  name, title, number: true, descending: true, value: (row) => row[name], cell: (row) => share(row, name), ...extra,
});
const fraction = (row, name) => el("span", { class: "measured" }, el("span", { class: "mean" }, isNumber(row[name]) ? row[name].toFixed(2) : "–"),
  isNumber(row[`${name}_low`]) ? el("span", { class: "half" }, ` [${row[`${name}_low`].toFixed(2)}, ${row[`${name}_high`].toFixed(2)}]`) : null);
const points = (row, name) => el("span", { class: "measured" }, el("span", { class: "mean" }, signed(row[name])),
  isNumber(row[`${name}_low`]) ? el("span", { class: "half" }, ` [${signed(row[`${name}_low`])}, ${signed(row[`${name}_high`])}]`) : null);
const shareOf = (row, name) => el("span", { class: "measured" }, el("span", { class: "mean" }, percent(row[name])),
  isNumber(row[`${name}_low`]) ? el("span", { class: "half" }, ` [${percent(row[`${name}_low`])}, ${percent(row[`${name}_high`])}]`) : null);
const said = (value) => value === true || value === "true" || value === "True" || value === 1;

const nameColumns = (rows) => [
  { name: "learner", title: "learner", head: true, value: (row) => row.learner,
    cell: (row) => el("span", { class: "open" }, markIcon(row.learner, row.strategy !== "none"), el("span", {}, row.learner)) },
  { name: "strategy", title: "strategy", value: (row) => row.strategy, cell: (row) => row.strategy },
  rows.some((row) => row.variant) ? { name: "variant", title: "variant", class: "variant", value: (row) => row.variant, cell: (row) => row.variant } : null,
].filter(Boolean);

const summaryColumns = () => [
  ...nameColumns(SUMMARY),
  { name: "scenarios", title: "scenarios", number: true, descending: true, value: (row) => row.scenarios, cell: (row) => String(row.scenarios) },
  ownColumn("IQM", "interquartile mean", { short: "IQM", suffix: "%", cell: (row) =>
    el("span", { class: "with-bar" }, intervalBar(row, "IQM", colourClass(row.learner)), shareOf(row, "IQM")) }),
  ownColumn("mean", "mean", { suffix: "%", cell: (row) => percent(row.mean) }),
  ownColumn("improvement", "probability of improvement", { short: "P(improvement)", cell: (row) => fraction(row, "improvement") }),
  ownColumn("mean_rank", "mean rank", { descending: false, cell: (row) => written(row.mean_rank, "count") }),
  ownColumn("difference", "difference to baseline", { suffix: "points", cell: (row) =>
    el("span", { class: "difference" }, points(row, "difference"), said(row.equivalent) ? verdictBadge("equivalent") : null) }),
].filter((column) => ["learner", "strategy", "variant"].includes(column.name) || SUMMARY.some((row) => !missing(row[column.name])));

// A row a learner, strategy and variant; a column a scenario. Where several rows share these names, the best stands.
const byScenario = () => {
  const groups = new Map();
  for (const row of ROWS) {
    const key = JSON.stringify([row.learner, row.strategy, row.variant]);
    if (!groups.has(key)) groups.set(key, { learner: row.learner, strategy: row.strategy, variant: row.variant, of: {} });
    const of = groups.get(key).of, before = of[row.scenario];
    if (!before || (row.ACC ?? -1) > (before.ACC ?? -1)) of[row.scenario] = row;
  }
  return [...groups.values()];
};
const GRID = byScenario();
const gridColumns = () => [
  ...nameColumns(GRID),
  ...DATA.scenarios.map((scenario) => ({
    name: `on ${scenario}`, title: scenario, suffix: "%", number: true, descending: true, class: "narrow",
    value: (row) => row.of[scenario]?.ACC,
    cell: (row) => {
      const found = row.of[scenario];
      if (!found) return "–";
      const first = RANKS.get(found.id) === 1;
      return el("button", { class: `cell ${first ? "first" : ""}`, type: "button", "aria-haspopup": "dialog", title: spoken(found, "ACC"),
        "aria-label": `${labelOf(found)} on ${scenario}: ${percent(found.ACC)} per cent${first ? ", highest" : ""}. Details`,
        onclick: () => showDetails(found) }, percent(found.ACC));
    },
  })),
];

// The answer in words: which rule, how sure.
const overallAnswer = () => {
  const best = sorted(SUMMARY.filter((row) => isNumber(row.IQM) && !KINDS.optimistic(row)), { value: (row) => row.IQM }, true)[0];
  const seeds = ROWS.filter((row) => row.seeds > 0).map((row) => row.seeds);
  if (!best) return ["Accuracy on each scenario side by side. Choose one for intervals, curves and costs."];
  if (Math.min(...seeds) < DATA.few) return [fewSeeds(seeds)];
  const overlapping = SUMMARY.filter((row) => row !== best && !KINDS.optimistic(row) && row.IQM_high >= best.IQM_low).length;
  const where = best.scenarios === DATA.scenarios.length ? `all ${plural(best.scenarios, "scenario")}` : `${best.scenarios} of ${plural(DATA.scenarios.length, "scenario")}`;
  return [el("b", {}, labelOf(best)), ` has the highest interquartile mean of final accuracy over ${where}: `,
    el("b", {}, `${percent(best.IQM)}%`), isNumber(best.IQM_low) ? ` (95% interval ${percent(best.IQM_low)} to ${percent(best.IQM_high)}). ` : ". ", overlap(overlapping)];
};
const overlap = (count) => (count ? `Its interval overlaps with ${count === 1 ? "that of 1 other row" : `those of ${count} other rows`}: their order is not settled.`
  : "Its interval overlaps with no other.");
const fewSeeds = (seeds) => {
  const [low, high] = [Math.min(...seeds), Math.max(...seeds)];
  return `Few seeds: ${low === high ? low : `${low} to ${high}`} a row, where ${DATA.few} are needed to call one rule better than others. Means and intervals are shown; no row is marked best.`;
};
const scenarioAnswer = (scenario) => {
  const rows = rowsOf(scenario).filter((row) => isNumber(row.ACC)), best = leaderOf(scenario);
  if (!rows.length) return ["No run has finished here yet."];
  if (!best) return [fewSeeds(rows.map((row) => row.seeds))];
  const others = rowsOf(scenario).filter((row) => row !== best && RANKS.has(row.id) && row.ACC_high >= best.ACC_low).length;
  const found = best.comparisons.ACC;
  return [el("b", {}, labelOf(best)), " has the highest final accuracy, ", el("b", {}, `${percent(best.ACC)}%`),
    ` (95% interval ${percent(best.ACC_low)} to ${percent(best.ACC_high)}, ${best.seeds} seeds). `, overlap(others),
    found ? ` Against ${found.baseline ?? "the baseline"}: ${signed(found.difference)} points, ${found.verdict}.` : ""];
};
