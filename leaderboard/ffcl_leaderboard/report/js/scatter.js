// Final accuracy against something else: forgetting, or a cost.

const endsOf = (row, name) => [row[`${name}_low`], row[`${name}_high`]].map((end) => (isNumber(end) ? end : row[name]));

// Rows that no other row betters in one without being worse in the other.
const paretoFront = (rows, name) => {
  const front = [];
  for (const row of [...rows].sort((a, b) => a[name] - b[name] || b.ACC - a.ACC)) {
    if (!front.length || row.ACC > front.at(-1).ACC) front.push(row);
  }
  return front;
};

const scatterFigure = (rows, name, width, { log = false, front = [], title }) => {
  const height = Math.round(Math.min(460, Math.max(300, width * 0.66)));
  const box = { left: 40, right: width - 12, top: 26, bottom: height - 42 };
  const unit = unitOf(name),
    suffix = SUFFIX[unit] ? ` (${SUFFIX[unit]})` : "";
  const pad = (low, high) => [low - 0.04 * (high - low), high + 0.04 * (high - low)];
  const [bottom, top] = pad(...widened(...extent(rows.flatMap((row) => endsOf(row, "ACC")))));
  const values = rows.flatMap((row) => (unit === "share" ? endsOf(row, name) : [row[name]]));
  const [least, most] = extent(values);
  const [left, right] = log
    ? [least / 1.25, most * 1.25]
    : pad(...(unit === "share" ? widened(least, most) : [least, most > least ? most : least + 1]));
  const x = (log ? logarithmic : linear)(left, right, box.left + 4, box.right),
    y = linear(bottom, top, box.bottom, box.top);
  const across = log ? logTicks(left, right) : ticks(left, right, width / 70);
  let lastLabel = -Infinity;
  const frame = [
    ...ticks(bottom, top, 6).map((value) => [
      line(box.left, y(value), box.right, y(value), "grid"),
      text(percent(value, 0), box.left - 6, y(value) + 4, "end"),
    ]),
    ...across.map((value) => {
      const roomy = x(value) - lastLabel > 42;
      if (roomy) lastLabel = x(value);
      return [
        line(x(value), box.top, x(value), box.bottom, "grid"),
        roomy
          ? text(
              unit === "share" ? percent(value, 0) : unit === "seconds" ? String(value) : written(value, unit),
              x(value),
              box.bottom + 16,
              "middle",
            )
          : null,
      ];
    }),
    text(
      `${titleOf(name)}${suffix}${log ? ", logarithmic" : ""}: less is better`,
      box.right,
      box.bottom + 34,
      "end",
      "label faint",
    ),
    text("final accuracy (%)", 0, 12, "start", "label faint"),
  ];
  const steps = front
    .map((row, i) => `${i ? `H${x(row[name]).toFixed(1)}V` : `M${x(row[name]).toFixed(1)} `}${y(row.ACC).toFixed(1)}`)
    .join("");
  const dots = rows.map((row) => {
    const [px, py] = [x(row[name]), y(row.ACC)],
      [low, high] = endsOf(row, "ACC"),
      [near, far] = endsOf(row, name);
    const group = svg(
      "g",
      { class: `dot ${colourClass(row.learner)} ${didNotLearn(row) ? "failed" : ""}`, onclick: () => showDetails(row) },
      line(px, y(low), px, y(high), "whisker"),
      unit === "share" ? line(x(near), py, x(far), py, "whisker") : null,
      front.includes(row) ? svg("circle", { class: "ring", cx: px.toFixed(1), cy: py.toFixed(1), r: 9 }) : null,
      markAt(row.learner, px, py, 5, row.strategy !== "none"),
    );
    return withTip(group, [
      labelOf(row),
      `ACC ${spoken(row, "ACC")}`,
      `${titleOf(name)} ${spoken(row, name)}`,
      ...(didNotLearn(row) ? [`did not learn: LA ${percent(row.LA)}%`] : []),
      ...(front.includes(row) ? ["on the Pareto front"] : []),
    ]);
  });
  const told = front.length
    ? `On the Pareto front: ${front.map(labelOf).join("; ")}.`
    : `${plural(rows.length, "row")}; the values are in the table.`;
  return figure(width, height, title, told, frame, steps ? svg("path", { class: "front", d: steps }) : null, dots);
};

const makeForgetting = () => {
  const section = makeSection(
    "forgetting",
    "Accuracy against forgetting",
    "Forgetting",
    "The best corner is top left. Filled marks: no strategy; hollow: with one. Faded rows did not learn, so they had nothing to forget.",
  );
  return {
    ...section,
    draw: () => {
      const has = (row) => isNumber(row.ACC) && isNumber(row.forgetting);
      section.show(state.scenario !== ALL && rowsOf(state.scenario).some(has));
      if (section.node.hidden) return;
      const rows = shownRows().filter(has);
      section.place.replaceChildren(
        rows.length
          ? scatterFigure(rows, "forgetting", Math.min(widthOf(section.place), 640), {
              title: "Final accuracy against forgetting",
            })
          : el("p", { class: "hint" }, "No row fits the filters."),
      );
    },
  };
};

const COSTS = Object.keys(DATA.columns).filter(
  (name) => /seconds|bytes|flops|parameters|operations|energy|hours/.test(name) && !/per_second$/.test(name),
);
const makeCosts = () => {
  let cost = COSTS.includes("train_seconds") ? "train_seconds" : COSTS[0];
  const chooser = select(
    "Cost",
    COSTS.map((name) => [name, titleOf(name)]),
    cost,
    (name) => {
      cost = name;
      draw();
    },
  );
  const section = makeSection(
    "cost",
    "Accuracy against cost",
    "Cost",
    "Ringed rows are on the Pareto front of the means: none shown is both cheaper and more accurate. Times compare only on one machine.",
    chooser,
  );
  const draw = () => {
    section.show(state.scenario !== ALL && COSTS.length > 0 && rowsOf(state.scenario).some((row) => isNumber(row.ACC)));
    if (section.node.hidden) return;
    const rows = shownRows().filter((row) => isNumber(row.ACC) && isNumber(row[cost]));
    if (!rows.length) {
      section.place.replaceChildren(el("p", { class: "hint" }, "No row shown has this cost."));
      return;
    }
    const [least, most] = extent(rows.map((row) => row[cost]));
    section.place.replaceChildren(
      scatterFigure(rows, cost, Math.min(widthOf(section.place), 640), {
        log: least > 0 && most / least > 10,
        front: paretoFront(rows, cost),
        title: `Final accuracy against ${titleOf(cost)}`,
      }),
    );
  };
  return { ...section, draw };
};
