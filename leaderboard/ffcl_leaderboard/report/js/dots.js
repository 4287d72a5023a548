// Values with their intervals, one under the other: differences, interquartile means, ranks.

const dotFigure = (items, width, { title, format, tick = format, reference = null, domain, axis, row = 24 }) => {
  const narrow = width < 560,
    right = narrow ? 12 : 124,
    mark = width - right + 4;
  const side = narrow
    ? 0
    : Math.min(Math.round(width * 0.36), 14 + 7 * Math.max(...items.map((item) => item.label.length)));
  const pitch = narrow ? row + 16 : row,
    top = 10,
    bottom = top + items.length * pitch,
    height = bottom + 40;
  const x = linear(domain[0], domain[1], side + 12, width - right - 8);
  const clamp = (value) => Math.min(domain[1], Math.max(domain[0], value));
  const frame = ticks(domain[0], domain[1], (width - side - right) / 80).map((value) => [
    line(x(value), top, x(value), bottom, "grid"),
    text(tick(value), x(value), bottom + 16, "middle"),
  ]);
  const cut = (label) => {
    const room = Math.floor((narrow ? width - 120 : side) / 6.6);
    return label.length > room ? `${label.slice(0, room - 1)}…` : label;
  };
  const marks = items.map((item, i) => {
    const middle = top + i * pitch + (narrow ? pitch - 10 : pitch / 2);
    const group = svg(
      "g",
      { class: `dot ${colourClass(item.row.learner)}`, onclick: item.open ?? (() => {}) },
      svg("rect", { class: "touch", x: 0, y: (top + i * pitch).toFixed(1), width, height: pitch }),
      narrow ? text(cut(item.label), 12, middle - 12) : text(cut(item.label), side, middle + 4, "end"),
      isNumber(item.low) ? line(x(clamp(item.low)), middle, x(clamp(item.high)), middle, "whisker thick") : null,
      markAt(item.row.learner, x(item.value), middle, 5, item.row.strategy !== "none"),
      item.note
        ? text(
            item.note,
            narrow ? width - 4 : mark,
            narrow ? middle - 12 : middle + 4,
            narrow ? "end" : "start",
            `label note ${item.kind ?? ""}`,
          )
        : null,
    );
    return withTip(group, [
      item.label,
      `${format(item.value)}${isNumber(item.low) ? ` [${format(item.low)}, ${format(item.high)}]` : ""}`,
      ...(item.note ? [item.note] : []),
    ]);
  });
  const told = items.map((item) => `${item.label} ${format(item.value)}${item.note ? ` ${item.note}` : ""}`).join("; ");
  return figure(
    width,
    height,
    title,
    told,
    frame,
    reference === null ? null : line(x(reference), top - 4, x(reference), bottom, "zero"),
    marks,
    text(axis, width - right - 8, bottom + 34, "end", "label faint"),
  );
};

const allEnds = (items) => items.flatMap((item) => [item.value, item.low, item.high]).filter(isNumber);
const MANY = 30;

const makeDifferences = () => {
  const section = makeSection(
    "differences",
    "Differences to the baseline",
    "Differences",
    "Paired over the seeds that both have, in points, with the interval. The verdict is corrected for the scenarios on which the row is compared, not for the number of rows, so it can be more careful than the interval.",
  );
  const more = makeMore(MANY, () => draw());
  section.place.after(more.node);
  const draw = () => {
    section.show(state.scenario !== ALL && rowsOf(state.scenario).some((row) => row.comparison));
    if (section.node.hidden) return;
    const found = shownRows().filter((row) => isNumber(row.comparison?.difference));
    const items = sorted(found, { value: (row) => row.comparison.difference }, true).map((row) => {
      const { difference: value, difference_low: low, difference_high: high, verdict } = row.comparison;
      return {
        row,
        label: labelOf(row),
        value,
        low,
        high,
        note: (VERDICTS[verdict] ?? ["", verdict])[1],
        kind: (VERDICTS[verdict] ?? [""])[0],
        open: () => showDetails(row),
      };
    });
    const drawn = more.shown(items);
    if (!items.length) {
      section.place.replaceChildren(el("p", { class: "hint" }, "No row fits the filters."));
      return;
    }
    const ends = allEnds(items),
      [low, high] = widened(Math.min(0, ...ends), Math.max(0, ...ends), 0.02);
    const names = [...new Set(found.map((row) => baselineOf(row.comparison)))].join(", ");
    section.place.replaceChildren(
      dotFigure(drawn, Math.min(widthOf(section.place), 980), {
        title: `Differences to the baseline in ${titleOf("ACC")}`,
        format: (value) => signed(value),
        tick: (value) => signed(value, high - low > 0.08 ? 0 : 1),
        reference: 0,
        domain: [low, high],
        axis: `${titleOf("ACC")}: difference to ${names} (points)`,
      }),
    );
  };
  return { ...section, draw };
};

const SUMMARY_VIEWS = {
  IQM: ["interquartile mean", (value) => percent(value), null, "interquartile mean of final accuracy (%)"],
  mean_rank: ["mean rank", (value) => value.toFixed(1), null, "mean rank over scenarios: less is better"],
  improvement: [
    "probability of improvement",
    (value) => value.toFixed(2),
    0.5,
    "probability of a better run than the baseline's",
  ],
  difference: [
    "difference to the baseline",
    (value) => signed(value),
    0,
    "difference to the baseline over scenarios (points)",
  ],
};
const makeSummary = () => {
  const names = Object.keys(SUMMARY_VIEWS).filter((name) => SUMMARY.some((row) => isNumber(row[name])));
  let name = names[0];
  const chooser = select(
    "What is drawn",
    names.map((one) => [one, SUMMARY_VIEWS[one][0]]),
    name,
    (one) => {
      name = one;
      draw();
    },
  );
  const section = makeSection(
    "ranks",
    "Ranking over scenarios",
    "Ranking",
    "Intervals resample runs, not scenarios: they say nothing of a scenario that is not here.",
    names.length > 1 ? chooser : null,
  );
  const more = makeMore(MANY, () => draw());
  section.place.after(more.node);
  const draw = () => {
    section.show(state.scenario === ALL && names.length > 0);
    if (section.node.hidden) return;
    const [title, format, reference, axis] = SUMMARY_VIEWS[name];
    const found = SUMMARY.filter((row) => isShown(row) && isNumber(row[name]));
    const items = sorted(found, { value: (row) => row[name] }, name !== "mean_rank").map((row) => ({
      row,
      label: labelOf(row),
      value: row[name],
      low: row[`${name}_low`],
      high: row[`${name}_high`],
      note:
        name === "difference" && said(row.equivalent)
          ? "≈ equivalent"
          : name === "mean_rank"
            ? row[name].toFixed(1)
            : "",
    }));
    const drawn = more.shown(items);
    if (!items.length) {
      section.place.replaceChildren(el("p", { class: "hint" }, "No row fits the filters."));
      return;
    }
    const ends = allEnds(items),
      domain =
        { IQM: [0, 1], improvement: [0, 1], mean_rank: [1, Math.max(2, Math.ceil(Math.max(...ends)))] }[name] ??
        widened(Math.min(0, ...ends), Math.max(0, ...ends), 0.02);
    section.place.replaceChildren(
      dotFigure(drawn, Math.min(widthOf(section.place), 980), {
        title: `Ranking over scenarios by ${title}`,
        format,
        reference,
        domain,
        axis,
      }),
    );
  };
  return { ...section, draw };
};
