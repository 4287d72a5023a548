// Short marks in words, never in colour alone.

const VERDICTS = {
  better: ["good", "▲ better"],
  worse: ["bad", "▼ worse"],
  equivalent: ["same", "≈ equivalent"],
  indistinguishable: ["unclear", "~ indistinguishable"],
  "few seeds": ["unclear", "few seeds"],
};
const badge = (kind, text, title) => el("span", { class: `badge ${kind}`, title }, text);
const verdictBadge = (verdict) => {
  const [kind, text] = VERDICTS[verdict] ?? ["unclear", verdict];
  return verdict ? badge(kind, text) : null;
};

const rowBadges = (row) => [
  KINDS.optimistic(row) ? badge("bad", "optimistic", "Tuned on the data that is evaluated; not ranked.") : null,
  KINDS.tuned(row) && !/\btuned\b/.test(row.variant) ? badge("plain", "tuned", "Settings found by a study.") : null,
  KINDS.stale(row) ? badge("bad", "stale", row.stale) : null,
];
const learningBadges = (row) => [
  didNotLearn(row)
    ? badge(
        "bad",
        "did not learn",
        "No experience was learned clearly above guessing: low forgetting says nothing here.",
      )
    : null,
  row.never_learned > 0 && !didNotLearn(row)
    ? badge("bad", `${written(row.never_learned, "count")} never learned`, titleOf("never_learned"))
    : null,
];

// A number with half of its interval.
const measured = (row, name) => {
  const unit = unitOf(name),
    mean = row[name],
    low = row[`${name}_low`],
    high = row[`${name}_high`];
  const half = isNumber(low) && isNumber(high) ? (high - low) / 2 : null;
  return el(
    "span",
    { class: "measured", title: spoken(row, name) },
    el("span", { class: "mean" }, written(mean, unit)),
    half === null ? null : el("span", { class: "half" }, ` ±${written(half, unit)}`),
  );
};

// The interval on a scale from 0 to 100 per cent.
const intervalBar = (row, name, colour) => {
  const [mean, low, high] = [row[name], row[`${name}_low`], row[`${name}_high`]];
  if (!isNumber(mean)) return null;
  const x = (value) => 1 + 98 * Math.min(1, Math.max(0, value));
  return svg(
    "svg",
    {
      class: `bar ${colour}`,
      viewBox: "0 0 100 14",
      width: 76,
      height: 14,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    svg("rect", { class: "track", x: 1, y: 6.5, width: 98, height: 1 }),
    isNumber(low)
      ? svg("rect", {
          class: "span",
          x: x(low).toFixed(1),
          y: 3.5,
          width: Math.max(1, x(high) - x(low)).toFixed(1),
          height: 7,
          rx: 1.5,
        })
      : null,
    svg("rect", { class: "tick", x: (x(mean) - 1).toFixed(1), y: 1, width: 2, height: 12, rx: 1 }),
  );
};
