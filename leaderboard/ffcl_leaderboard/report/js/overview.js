// Over all scenarios: the summary's table, and the accuracy on each scenario side by side.

const ownColumn = (name, title, rest) => ({
  name,
  title,
  number: true,
  descending: true,
  value: (row) => row[name],
  ...rest,
});

// Where the interval lies evenly about the value, its half says it; else both ends.
const withInterval = (row, name, format, plain) => {
  const [value, low, high] = [row[name], row[`${name}_low`], row[`${name}_high`]];
  const even = Math.abs(high - value - (value - low)) < 0.0015;
  const ends =
    !isNumber(low) || !isNumber(high)
      ? ""
      : even
        ? ` ±${plain((high - low) / 2)}`
        : ` [${format(low)}, ${format(high)}]`;
  return el(
    "span",
    { class: "measured" },
    el("span", { class: "mean" }, format(value)),
    ends ? el("span", { class: "half" }, ends) : null,
  );
};
const points = (row, name) => withInterval(row, name, signed, percent);
const shareOf = (row, name) => withInterval(row, name, percent, percent);
const decimal = (value) => (isNumber(value) ? value.toFixed(2) : "–");
const fraction = (row, name) => withInterval(row, name, decimal, decimal);
const said = (value) => value === true || value === "true" || value === "True" || value === 1;

const nameColumns = (rows) =>
  [
    {
      name: "learner",
      title: "learner",
      head: true,
      value: (row) => row.learner,
      cell: (row) => el("span", { class: "open" }, learnerName(row)),
    },
    { name: "strategy", title: "strategy", value: (row) => row.strategy, cell: (row) => row.strategy },
    rows.some((row) => row.variant)
      ? { name: "variant", title: "variant", class: "variant", value: (row) => row.variant, cell: (row) => row.variant }
      : null,
  ].filter(Boolean);

const summaryColumns = () =>
  [
    ...nameColumns(SUMMARY),
    {
      name: "scenarios",
      title: "scenarios",
      number: true,
      descending: true,
      value: (row) => row.scenarios,
      cell: (row) => String(row.scenarios),
    },
    ownColumn("IQM", "interquartile mean", {
      short: "IQM",
      suffix: "%",
      cell: (row) =>
        el("span", { class: "with-bar wide" }, intervalBar(row, "IQM", colourClass(row.learner)), shareOf(row, "IQM")),
    }),
    ownColumn("mean", "mean", { suffix: "%", cell: (row) => percent(row.mean) }),
    ownColumn("improvement", "probability of improvement", {
      short: "P(improvement)",
      cell: (row) => fraction(row, "improvement"),
    }),
    ownColumn("mean_rank", "mean rank", {
      descending: false,
      cell: (row) => (isNumber(row.mean_rank) ? row.mean_rank.toFixed(1) : "–"),
    }),
    ownColumn("difference", "difference to the baseline", {
      short: "vs baseline",
      suffix: "points",
      cell: (row) => points(row, "difference"),
    }),
    {
      name: "equivalent",
      title: "equivalent",
      value: (row) => (said(row.equivalent) ? 1 : null),
      cell: (row) => (said(row.equivalent) ? verdictBadge("equivalent") : ""),
    },
  ].filter(
    (column) =>
      ["learner", "strategy", "variant"].includes(column.name) || SUMMARY.some((row) => !missing(column.value(row))),
  );

// A row a learner, strategy and variant; a column a scenario. Where several rows share these names, the best stands.
const byScenario = (rows) => {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.learner, row.strategy, row.variant]);
    if (!groups.has(key))
      groups.set(key, { learner: row.learner, strategy: row.strategy, variant: row.variant, of: {} });
    const of = groups.get(key).of,
      before = of[row.scenario];
    if (!before || (row.ACC ?? -1) > (before.ACC ?? -1)) of[row.scenario] = row;
  }
  return [...groups.values()];
};
const GRID = byScenario(ROWS);
const gridColumns = () => [
  ...nameColumns(GRID),
  ...DATA.scenarios.map((scenario) => ({
    name: `on ${scenario}`,
    title: scenario,
    suffix: "%",
    number: true,
    descending: true,
    class: "narrow",
    value: (row) => row.of[scenario]?.ACC,
    cell: (row) => {
      const found = row.of[scenario];
      if (!found) return "–";
      const first = rankOf(found) === 1;
      return el(
        "button",
        {
          class: `cell ${first ? "first" : ""}`,
          type: "button",
          "aria-haspopup": "dialog",
          title: spoken(found, "ACC"),
          "aria-label": `${labelOf(found)} on ${scenario}: ${percent(found.ACC)} per cent${first ? ", highest" : ""}. Details`,
          onclick: () => showDetails(found),
        },
        percent(found.ACC),
      );
    },
  })),
];

// The answer in words: which rule, how sure.
const overallAnswer = () => {
  const counted = SUMMARY.filter((row) => isNumber(row.IQM) && !KINDS.optimistic(row) && !KINDS.stale(row));
  if (!counted.length) return ["Accuracy on each scenario side by side. Choose one for intervals, curves and costs."];
  const enough = counted.filter((row) => row.seeds >= DATA.few);
  const best = sorted(enough, { value: (row) => row.IQM }, true)[0];
  if (!best) return [fewSeeds(counted.map((row) => row.seeds))];
  const overlapping = enough.filter((row) => row !== best && row.IQM_high >= best.IQM_low).length;
  const streams = new Set(ROWS.map(placeOf)).size; // a summary counts these
  const word = streams > DATA.scenarios.length ? "stream" : "scenario";
  const where =
    best.scenarios === streams ? `all ${plural(streams, word)}` : `${best.scenarios} of ${plural(streams, word)}`;
  return [
    el("b", {}, labelOf(best)),
    ` has the highest interquartile mean of final accuracy over ${where}: `,
    el("b", {}, `${percent(best.IQM)}%`),
    isNumber(best.IQM_low) ? ` (95% interval ${percent(best.IQM_low)} to ${percent(best.IQM_high)}). ` : ". ",
    overlap(overlapping),
  ];
};
const overlap = (count) =>
  count
    ? `Its interval overlaps with ${count === 1 ? "that of 1 other row" : `those of ${count} other rows`}: their order is not settled.`
    : "Its interval overlaps with no other.";
const fewSeeds = (seeds) => {
  const [low, high] = [Math.min(...seeds), Math.max(...seeds)];
  if (high >= DATA.few)
    return "No row of enough seeds can be ranked: their code or data has changed since, or they were tuned on what they are evaluated on.";
  return `Few seeds: ${low === high ? low : `${low} to ${high}`} a row, where ${DATA.few} are needed to call one rule better than others. Means and intervals are shown; no row is marked best.`;
};
const scenarioAnswer = (scenario) => {
  const rows = rowsOf(scenario).filter((row) => isNumber(row.ACC)),
    streams = streamsOf(scenario);
  const leaders = streams.map((stream) => leaderOf(scenario, stream)).filter(Boolean);
  if (!rows.length) return ["No run has finished here yet."];
  if (!leaders.length) return [fewSeeds(rows.map((row) => row.seeds))];
  const where = streams.length > 1 ? " of its stream" : "";
  const others = streams.length - leaders.length;
  return [
    ...leaders.map((best) => el("span", { class: "leader" }, leaderAnswer(best, where))),
    others ? `No row of ${others === 1 ? "1 other stream" : `${others} other streams`} can be ranked.` : "",
  ];
};
const leaderAnswer = (best, where) => {
  const others = rowsOf(best.scenario).filter(
    (row) => row !== best && streamOf(row) === streamOf(best) && rankOf(row) && row.ACC_high >= best.ACC_low,
  ).length;
  const found = best.comparison;
  return [
    el("b", {}, labelOf(best)),
    ` has the highest final accuracy${where}${rankOf(best) > 1 ? " among the rows shown" : ""}, `,
    el("b", {}, `${percent(best.ACC)}%`),
    ` (95% interval ${percent(best.ACC_low)} to ${percent(best.ACC_high)}, ${best.seeds} seeds). `,
    overlap(others),
    found ? ` Against ${baselineOf(found)}: ${signed(found.difference)} points, ${found.verdict}.` : "",
  ];
};
