// The page: the question, its answer, the table, the figures.

const build = () => {
  readAddress();
  if (state.scenario === ALL && !DATA.scenarios.length && !COVERAGE.length) {
    document
      .getElementById("main")
      .append(
        el("h2", { class: "question" }, "No runs yet"),
        el("p", { class: "answer" }, "Make some with ", el("code", {}, "ffcl run"), "."),
      );
    return;
  }
  const options = [
    [ALL, plural(DATA.scenarios.length, "scenario").replace(/^(?!1 )/, "all ")],
    ...DATA.scenarios.map((name) => [name, name]),
  ];
  const chooser = select(
    "Scenario",
    DATA.scenarios.length > 1 ? options : options.slice(1),
    state.scenario,
    (scenario) => change({ scenario }),
    "chooser",
  );
  const answer = el("p", { class: "answer" }),
    facts = el("p", { class: "hint counts" });
  const scores = makeTable("Rows", "ACC", true),
    totals = makeTable("Rows over all scenarios", "IQM", true);
  const grid = makeTable("Final accuracy on each scenario", `on ${DATA.scenarios[0]}`, true);
  const side = makeSection(
    "grid",
    "Accuracy on each scenario",
    "By scenario",
    "Final accuracy, per cent, mean over seeds. Press a number for its row; the highest of the ranked rows of each stream is in bold.",
  );
  side.place.append(grid.node);
  const figures = [
    makeSummary(),
    makeCurves(),
    makeForgetting(),
    makeCosts(),
    makeDifferences(),
    makeMatrices(),
    makeCoverage(),
    makeNotes(),
  ];
  const pair = el("div", { class: "pair" }, figures[2].node, figures[3].node);
  const table = el("section", { id: "table", "aria-label": "Table" }, facts, scores.node, totals.node);
  document
    .getElementById("main")
    .append(
      el(
        "h2",
        { class: "question" },
        el("span", {}, "Which learning rule is best on "),
        el("span", { class: "nowrap" }, chooser, "?"),
      ),
      answer,
      filters(),
      table,
      figures[0].node,
      side.node,
      figures[1].node,
      pair,
      ...figures.slice(4).map((one) => one.node),
    );
  document.getElementById("tools").append(themeButton());

  const sections = [{ id: "table", title: "Table", node: table }, figures[0], side, ...figures.slice(1)];
  const links = sections.map((section) =>
    el(
      "a",
      {
        href: `#${section.id}`,
        onclick: (event) => {
          event.preventDefault(); // the address holds the choice of scenario
          section.node.scrollIntoView();
          section.node.setAttribute("tabindex", "-1");
          section.node.focus({ preventScroll: true });
        },
      },
      section.title,
    ),
  );
  document.getElementById("nav").append(...links);

  const drawFigures = () => figures.forEach((one) => one.draw());
  const update = () => {
    const all = state.scenario === ALL,
      totalled = all && SUMMARY.length > 0;
    chooser.value = state.scenario;
    const rows = totalled ? SUMMARY.filter(isShown) : shownRows(),
      total = totalled ? SUMMARY.length : rowsOf(state.scenario).length;
    answer.replaceChildren(...(all ? overallAnswer() : scenarioAnswer(state.scenario)));
    const failed = rowsOf(state.scenario).reduce((sum, row) => sum + row.failed, 0);
    facts.textContent = [
      `${grouped(rows.length)} of ${plural(total, "row")}`,
      failed ? `${plural(failed, "run")} failed` : "",
      all
        ? ""
        : `${plural(
            rowsOf(state.scenario).reduce((sum, row) => sum + row.seeds, 0),
            "run",
          )} finished`,
    ]
      .filter(Boolean)
      .join(" · ");
    scores.node.hidden = all;
    totals.node.hidden = !totalled;
    table.hidden = all && !totalled;
    side.show(all && DATA.scenarios.length > 0);
    if (!all) scores.render(scenarioColumns(), rows, total);
    if (totalled) totals.render(summaryColumns(), rows, total);
    if (all) grid.render(gridColumns(), byScenario(ROWS.filter(isOfShownKind)).filter(isShown), GRID.length);
    drawFigures();
    links.forEach((link, i) => {
      link.hidden = sections[i].node.hidden;
    });
    pair.classList.toggle("single", figures[2].node.hidden || figures[3].node.hidden);
    writeAddress();
    if (update.spoken) announce(`${grouped(rows.length)} of ${plural(total, "row")} shown.`);
    update.spoken = true;
  };
  onChange(update);
  update();

  let width = window.innerWidth,
    pending = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(drawFigures);
  });
  window.addEventListener("hashchange", () => {
    readAddress();
    change();
  });
  for (const [event, whole] of [
    ["beforeprint", true],
    ["afterprint", false],
  ]) {
    window.addEventListener(event, () => [scores, totals, grid].forEach((one) => one.expand(whole)));
  }
};
build();
