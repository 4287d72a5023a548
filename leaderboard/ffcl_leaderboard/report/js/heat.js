// Accuracy matrices as heat maps: row i after learning experience i, row 0 untrained.

const RAMP = [
  "#00224e",
  "#123570",
  "#3b496c",
  "#575d6d",
  "#707173",
  "#8a8678",
  "#a59c74",
  "#c3b369",
  "#e1cc55",
  "#fee838",
].map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))); // cividis
const heatColour = (value) => {
  const place = Math.min(1, Math.max(0, value)) * (RAMP.length - 1),
    at = Math.min(RAMP.length - 2, Math.floor(place)),
    part = place - at;
  return `#${RAMP[at]
    .map((channel, i) =>
      Math.round(channel + part * (RAMP[at + 1][i] - channel))
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
};

const heatMap = (row, width, title = "") => {
  const { matrix } = row.details,
    size = matrix[0].length,
    top = title ? 24 : 4,
    left = 20;
  const side = Math.min((width - left) / size, 44),
    high = Math.min(side, 30),
    bottom = top + high * matrix.length;
  const spell = side >= 25 && high >= 15,
    every = Math.ceil(16 / Math.min(side, high));
  const cells = matrix.flatMap((values, i) =>
    values.map((value, j) => {
      const [x, y] = [left + j * side, top + i * high];
      return [
        svg(
          "rect",
          {
            x: x.toFixed(1),
            y: y.toFixed(1),
            width: (side + 0.3).toFixed(1),
            height: (high + 0.3).toFixed(1),
            fill: heatColour(value / 1000),
          },
          spell ? null : svg("title", {}, `after ${i}, on ${j + 1}: ${percent(value / 1000)}%`),
        ),
        spell
          ? svg(
              "text",
              {
                class: value > 470 ? "on-light" : "on-dark",
                x: (x + side / 2).toFixed(1),
                y: (y + high / 2 + 4).toFixed(1),
                "text-anchor": "middle",
              },
              String(Math.round(value / 10)),
            )
          : null,
      ];
    }),
  );
  const names = [
    ...matrix.map((_, i) => (i % every ? null : text(String(i), left - 5, top + i * high + high / 2 + 4, "end"))),
    ...matrix[0].map((_, j) =>
      j % every ? null : text(String(j + 1), left + j * side + side / 2, bottom + 15, "middle"),
    ),
  ];
  const told = matrix
    .map(
      (values, i) => `${i ? `after ${i}` : "untrained"}: ${values.map((value) => Math.round(value / 10)).join(", ")}`,
    )
    .join("; ");
  return figure(
    Math.ceil(left + side * size + 2),
    Math.ceil(bottom + 22),
    `Accuracy matrix of ${labelOf(row)}, per cent`,
    told,
    title ? text(title, 0, 13, "start", "label strong") : null,
    svg("g", { class: "cells" }, cells),
    names,
  );
};

const makeMatrices = () => {
  let count = 12;
  const section = makeSection(
    "matrices",
    "Accuracy matrices",
    "Matrices",
    "Per cent on experience (column) after learning experience (row; 0 is untrained), mean over seeds. A dark column below the diagonal is forgotten.",
  );
  const more = el("button", {
    class: "more",
    type: "button",
    onclick: () => {
      count = count > 12 ? 12 : Infinity;
      draw();
    },
  });
  section.place.classList.add("maps");
  section.place.after(more);
  const draw = () => {
    section.show(state.scenario !== ALL && rowsOf(state.scenario).some((row) => row.details.matrix));
    if (section.node.hidden) return;
    const rows = sorted(
      shownRows().filter((row) => row.details.matrix),
      { value: (row) => row.ACC },
      true,
    );
    more.hidden = rows.length <= 12;
    more.textContent = count > 12 ? "Show the first 12" : `Show all ${rows.length} matrices`;
    const width = shareOut(widthOf(section.place), 60, 160, 240, 20);
    section.place.replaceChildren(
      ...rows
        .slice(0, count)
        .map((row) =>
          el(
            "figure",
            { class: "map" },
            el("figcaption", {}, markIcon(row.learner, row.strategy !== "none"), " ", labelOf(row)),
            heatMap(row, width),
          ),
        ),
    );
    if (!rows.length) section.place.replaceChildren(el("p", { class: "hint" }, "No row fits the filters."));
  };
  return { ...section, draw };
};
