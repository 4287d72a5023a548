// Accuracy over the experiences seen, after each experience: a panel a strategy, a line a row.

const DASHES = [null, "6 3", "2 3", "8 3 2 3"];

const curveOf = (row) =>
  row.details.matrix
    .slice(1)
    .map((values, i) => values.slice(0, i + 1).reduce((sum, value) => sum + value, 0) / (1000 * (i + 1)));

const curvePanel = (strategy, rows, variants, longest, bottom, width) => {
  const height = Math.round(Math.max(210, width * 0.62)),
    box = { left: 34, right: width - 8, top: 26, bottom: height - 34 };
  const x = linear(1, longest, box.left + 8, box.right - 8),
    y = linear(bottom, 1, box.bottom, box.top);
  const steps = ticks(1, longest, Math.min(longest - 1, width / 44)).filter(Number.isInteger);
  const frame = [
    ...(bottom > 0.5 ? ticks(bottom, 1, 5) : [0, 0.25, 0.5, 0.75, 1].filter((value) => value >= bottom)).flatMap(
      (value) => [
        line(box.left, y(value), box.right, y(value), "grid"),
        text(percent(value, 0), box.left - 6, y(value) + 4, "end"),
      ],
    ),
    ...steps.map((step) => text(String(step), x(step), box.bottom + 16, "middle")),
    text(strategy === "none" ? "no strategy" : strategy, box.left, 14, "start", "label strong"),
    text("experiences learned", box.right, box.bottom + 30, "end", "label faint"),
  ];
  const lines = rows.map((row) => {
    const curve = curveOf(row),
      halves = row.details.halves;
    const at = curve.map((value, i) => [x(i + 1), y(value)]);
    const ends = (sign) =>
      curve.map((value, i) => [x(i + 1), y(Math.min(1, Math.max(bottom, value + (sign * halves[i]) / 1000)))]);
    const path = (places) => places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
    const group = svg(
      "g",
      { class: `line ${colourClass(row.learner)}` },
      halves ? svg("polygon", { class: "band", points: path([...ends(1), ...ends(-1).reverse()]) }) : null,
      svg("polyline", {
        class: "curve",
        points: path(at),
        "stroke-dasharray": DASHES[variants.indexOf(row.variant) % DASHES.length],
      }),
      at.length <= 20 ? at.map(([px, py]) => markAt(row.learner, px, py, 3.4, row.strategy !== "none")) : null,
      svg("polyline", { class: "touch", points: path(at), onclick: () => showDetails(row) }),
    );
    return withTip(group, [
      labelOf(row),
      `${plural(row.seeds, "seed")}`,
      ...(curve.length <= 12
        ? [curve.map((value) => percent(value)).join(" · ")]
        : [`ends at ${percent(curve.at(-1))}%`]),
    ]);
  });
  const ending = rows.map((row) => `${labelOf(row)} ${percent(curveOf(row).at(-1))}%`).join("; ");
  return figure(
    width,
    height,
    `Accuracy while learning, strategy ${strategy}`,
    `After the last experience: ${ending}.`,
    frame,
    lines,
  );
};

const makeCurves = () => {
  const section = makeSection(
    "curves",
    "While learning",
    "Learning",
    "Accuracy over the experiences seen so far, per cent, with the 95% interval over seeds as a band.",
    legend(),
  );
  const key = el("p", { class: "hint key" });
  section.place.before(key);
  return {
    ...section,
    draw: () => {
      const drawable = rowsOf(state.scenario).filter((row) => experiencesOf(row) > 1);
      section.show(state.scenario !== ALL && drawable.length > 0);
      if (section.node.hidden) return;
      const rows = drawable.filter(isShown),
        variants = [...new Set(drawable.map((row) => row.variant))].sort();
      const longest = Math.max(...drawable.map(experiencesOf));
      const names = ["solid", "dashed", "dotted", "dash-dotted"];
      key.hidden = variants.length < 2;
      key.textContent =
        variants.length < 2
          ? ""
          : `Lines: ${variants.map((variant, i) => `${names[i % 4]}: ${variant || "as given"}`).join("; ")}.`;
      // The axis begins at the quarter below the lowest curve, the same in every panel.
      const bottom = Math.floor(4 * Math.min(0.99, ...rows.flatMap(curveOf))) / 4;
      const strategies = DATA.strategies.filter((strategy) => rows.some((row) => row.strategy === strategy));
      const width = shareOut(widthOf(section.place), strategies.length, 300, 620);
      section.place.replaceChildren(
        ...strategies.map((strategy) =>
          curvePanel(
            strategy,
            rows.filter((row) => row.strategy === strategy),
            variants,
            longest,
            bottom,
            width,
          ),
        ),
      );
      if (!strategies.length) section.place.replaceChildren(el("p", { class: "hint" }, "No row fits the filters."));
    },
  };
};
