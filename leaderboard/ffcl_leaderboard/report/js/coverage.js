// Which learner has been run with which strategy, and why not.

const stateOf = (pair) => {
  if (pair.status === "works") return ["good", grouped(pair.finished)];
  if (pair.status === "failed") return ["bad", `${pair.failed} of ${pair.finished + pair.failed} failed`];
  return pair.status === "refused" ? ["unclear", "refused"] : ["none", "–"];
};

const makeCoverage = () => {
  const section = makeSection(
    "coverage",
    "What has been run",
    "Coverage",
    "Finished runs of each learner with each strategy, over all scenarios and settings. No pair is left out.",
  );
  const draw = () => {
    section.show(COVERAGE.length > 0);
    if (section.place.childElementCount || !COVERAGE.length) return;
    const learners = [...new Set(COVERAGE.map((pair) => pair.learner))],
      strategies = [...new Set(COVERAGE.map((pair) => pair.strategy))];
    const of = new Map(COVERAGE.map((pair) => [JSON.stringify([pair.learner, pair.strategy]), pair]));
    const table = el(
      "table",
      { class: "plain coverage" },
      el("caption", { class: "visually-hidden" }, "Runs of each learner (row) with each strategy (column)"),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "learner"),
          strategies.map((name) => el("th", { scope: "col" }, name)),
        ),
      ),
      el(
        "tbody",
        {},
        learners.map((learner) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, markIcon(learner), " ", learner),
            strategies.map((strategy) => {
              const pair = of.get(JSON.stringify([learner, strategy]));
              const [kind, word] = pair ? stateOf(pair) : ["none", "–"];
              return el("td", { class: `state ${kind}`, title: pair?.reason || null }, word);
            }),
          ),
        ),
      ),
    );
    const reasons = new Map();
    for (const pair of COVERAGE.filter((one) => one.reason && ["failed", "refused"].includes(one.status))) {
      const key = `${pair.status}: ${pair.reason.trim().split("\n")[0]}`;
      reasons.set(key, [...(reasons.get(key) ?? []), nameOf(pair)]);
    }
    section.place.replaceChildren(
      el("div", { class: "box", role: "region", tabindex: "0", "aria-label": "Runs of each pair" }, table),
      reasons.size
        ? el(
            "ul",
            { class: "reasons" },
            [...reasons].map(([reason, pairs]) => el("li", {}, el("b", {}, pairs.join(", ")), ` ${reason}`)),
          )
        : "",
    );
  };
  return { ...section, draw };
};

const makeNotes = () => {
  const section = makeSection("notes", "How to read this", "Notes", "");
  const draw = () => {
    if (section.place.childElementCount) return;
    const notes = Object.entries(DATA.notes);
    section.place.replaceChildren(
      el(
        "ul",
        { class: "notes" },
        el(
          "li",
          {},
          "Numbers are means over seeds ± half of the 95% t interval. All learners of a seed see the same classes in the same order, so differences are paired.",
        ),
        el(
          "li",
          {},
          `A row is ranked if it has at least ${DATA.few} seeds, is of today's code, and was not tuned on the data it is evaluated on. It is ranked among the rows of its stream: the scenario with the same settings. Ranks follow the mean; where intervals overlap, the order is not settled.`,
        ),
        el(
          "li",
          {},
          "Forgetting is read beside LA, the accuracy right after learning: a rule that never learned forgets nothing. “did not learn” marks a row none of whose experiences ever rose clearly above guessing.",
        ),
        DATA.superseded
          ? el("li", {}, `${plural(DATA.superseded, "run")} of code that has been edited since are left out.`)
          : null,
      ),
      notes.length
        ? el(
            "dl",
            { class: "facts" },
            notes.map(([learner, note]) => [el("dt", {}, learner), el("dd", {}, note)]),
          )
        : "",
      el(
        "div",
        { class: "terms" },
        Object.keys(DATA.help).map((name) =>
          el(
            "button",
            { class: "chip plain", type: "button", "aria-haspopup": "dialog", onclick: () => showHelp(name) },
            titleOf(name),
          ),
        ),
      ),
    );
  };
  return { ...section, draw };
};
