// One row in full: seeds, matrix, settings, versions, and the command that makes it again.

const quoted = (word) => (/^[A-Za-z0-9_@%+=:,.\/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\"'\"'")}'`);
const commandOf = (row) => {
  const parts = row.details.parts.map((number) => DATA.parts[number]);
  const [learner, strategy, scenario] = parts;
  const words = [
    ["ffcl", "run", learner.name],
    ["--scenario", scenario.name],
    ["--strategy", strategy.name],
    ["--seeds", row.details.seeds],
  ];
  for (const part of parts) {
    for (const [name, value] of Object.entries(part.settings)) {
      const setting = `${part.name}.${name}`;
      if (!part.fixed.includes(name) && DATA.defaults[setting] !== value) words.push(["--set", `${setting}=${value}`]);
    }
  }
  return words.map((line) => line.map(quoted).join(" ")).join(" \\\n  ");
};

const copyButton = (text) => {
  const button = el(
    "button",
    {
      class: "copy",
      type: "button",
      onclick: async () => {
        let copied = true;
        try {
          await navigator.clipboard.writeText(text);
        } catch {
          const area = el("textarea", { class: "visually-hidden", "aria-hidden": "true" });
          area.value = text;
          button.after(area);
          area.select();
          copied = document.execCommand("copy");
          area.remove();
          button.focus();
        }
        button.textContent = copied ? "Copied" : "Select and copy by hand";
      },
    },
    "Copy",
  );
  button.setAttribute("aria-live", "polite");
  return button;
};

const facts = (pairs) =>
  el(
    "dl",
    { class: "facts" },
    pairs.filter(([, value]) => !missing(value)).map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]),
  );
const block = (title, ...content) => el("section", { class: "block" }, el("h3", {}, title), ...content);

const seedTable = (row) => {
  const values = row.details.values;
  if (!values?.seed?.length) return null;
  const names = Object.keys(values).filter((name) => name !== "seed" && values[name]);
  return el(
    "div",
    { class: "box", role: "region", tabindex: "0", "aria-label": "Values of each seed" },
    el(
      "table",
      { class: "plain" },
      el("caption", { class: "visually-hidden" }, "Values of each seed"),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col", class: "number" }, "seed"),
          names.map((name) =>
            el(
              "th",
              { scope: "col", class: "number" },
              DATA.help[name] ? name.replace("_", " ") : titleOf(name),
              SUFFIX[unitOf(name)] ? el("small", {}, ` ${SUFFIX[unitOf(name)]}`) : null,
            ),
          ),
        ),
      ),
      el(
        "tbody",
        {},
        values.seed.map((seed, i) =>
          el(
            "tr",
            {},
            el("th", { scope: "row", class: "number" }, String(seed)),
            names.map((name) => el("td", { class: "number" }, written(values[name][i], unitOf(name)))),
          ),
        ),
      ),
    ),
  );
};

const comparisonTable = (row) => {
  const found = row.comparison;
  if (!found) return null;
  return block(
    `Against ${baselineOf(found)}`,
    found.baseline_stale ? el("p", { class: "warning" }, `Stale baseline: ${found.baseline_stale}`) : null,
    el(
      "div",
      { class: "box", role: "region", tabindex: "0", "aria-label": "Differences to the baseline" },
      el(
        "table",
        { class: "plain" },
        el("caption", { class: "visually-hidden" }, "Paired differences to the baseline"),
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["metric", "pairs", "difference", "interval", "p (Holm)", "effect size", "wins", "verdict"].map((name, i) =>
              el("th", { scope: "col", class: i && i < 7 ? "number" : "" }, name),
            ),
          ),
        ),
        el(
          "tbody",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "row" }, "ACC"),
            [
              String(found.pairs ?? "–"),
              signed(found.difference),
              isNumber(found.difference_low)
                ? `${signed(found.difference_low)} to ${signed(found.difference_high)}`
                : "–",
              isNumber(found.p_holm) ? String(found.p_holm) : "–",
              isNumber(found.effect_size) ? found.effect_size.toFixed(2) : "–",
              isNumber(found.wins) ? String(found.wins) : "–",
            ].map((text) => el("td", { class: "number" }, minus(text))),
            el("td", {}, verdictBadge(found.verdict)),
          ),
        ),
      ),
    ),
  );
};

const NAMED = new Set(["learner", "strategy", "scenario", "variant", "note", "stale", "tuned"]);
const provenance = (row) => {
  const texts = Object.keys(row).filter((name) => typeof row[name] === "string" && row[name] && !NAMED.has(name));
  return facts([
    ...texts.map((name) => [titleOf(name), row[name]]),
    ...Object.entries(DATA.versions[row.details.versions] ?? {}).filter(
      ([name]) => name !== "ffcl" || !row.ffcl_version,
    ),
  ]);
};

const KINDS_OF_PARTS = ["Learner", "Strategy", "Scenario"];
const settingsBlock = (part, i) =>
  block(
    `${KINDS_OF_PARTS[i]}: ${part.name}`,
    Object.keys(part.settings).length
      ? facts(Object.entries(part.settings).map(([name, value]) => [name, value === "" ? "–" : value]))
      : el("p", { class: "hint" }, "No settings."),
  );

const showDetails = (row) => {
  const { matrix, parts, failures } = row.details;
  const settings = (parts ?? []).map((number) => DATA.parts[number]).map(settingsBlock);
  const numbers = OPTIONAL.filter((name) => isNumber(row[name]));
  const command = parts ? commandOf(row) : "";
  showDialog(
    `${labelOf(row)} on ${row.scenario}`,
    "details",
    el("h2", {}, markIcon(row.learner, row.strategy !== "none"), ` ${nameOf(row)}`),
    el(
      "p",
      { class: "sub" },
      row.scenario,
      row.variant ? ` · ${row.variant}` : "",
      ` · ${plural(row.seeds, "seed")} `,
      rowBadges(row),
      learningBadges(row),
      row.failed > 0 ? badge("bad", `${row.failed} failed`) : null,
    ),
    row.stale ? el("p", { class: "warning" }, `Stale: ${row.stale}`) : null,
    DATA.notes[row.learner] ? el("p", {}, DATA.notes[row.learner]) : null,
    el(
      "div",
      { class: "columns" },
      el(
        "div",
        {},
        block(
          "Numbers",
          el(
            "dl",
            { class: "facts numbers" },
            numbers.map((name) => [
              el("dt", {}, titleOf(name), helpButton(name)),
              el("dd", {}, measured(row, name), SUFFIX[unitOf(name)] ? ` ${SUFFIX[unitOf(name)]}` : ""),
            ]),
          ),
        ),
        settings.slice(0, 2),
      ),
      el(
        "div",
        {},
        matrix
          ? block(
              "Accuracy matrix",
              el(
                "p",
                { class: "hint" },
                "Per cent on experience (column) after learning experience (row; 0 is untrained).",
              ),
              heatMap(row, 300),
            )
          : null,
        block("Seeds", seedTable(row) ?? el("p", {}, "No run has finished.")),
      ),
    ),
    comparisonTable(row),
    failures
      ? block(
          "Failed runs",
          el(
            "ul",
            { class: "failures" },
            failures.map(([seed, text]) => el("li", {}, el("b", {}, `seed ${seed}: `), text)),
          ),
        )
      : null,
    command
      ? block(
          "Make it again",
          el("div", { class: "command" }, el("pre", { tabindex: "0" }, el("code", {}, command)), copyButton(command)),
          el(
            "p",
            { class: "hint" },
            Object.keys(DATA.defaults).length
              ? "Settings that differ from the defaults are named. "
              : "Every setting is named, so that the command holds when defaults change. ",
            KINDS.tuned(row) ? "It runs the settings that tuning found as if they were given by hand." : "",
          ),
        )
      : null,
    el("div", { class: "columns" }, settings.slice(2), block("Provenance", provenance(row))),
  );
};
