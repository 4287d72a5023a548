// A table that sorts. Its head is built anew only when its columns change, so that focus stays on a pressed button.

const AT_FIRST = 25;

const compareValues = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
const missing = (value) => value === undefined || value === null || value === "" || Number.isNaN(value);
const sorted = (rows, column, descending) => {
  const values = new Map(rows.map((row) => [row, column.value(row)]));
  return [...rows].sort((a, b) => {
    const [x, y] = [values.get(a), values.get(b)];
    if (missing(x) || missing(y)) return missing(x) - missing(y); // what has no value stands last either way
    return descending ? compareValues(y, x) : compareValues(x, y);
  });
};

const makeTable = (caption, first, descendingFirst) => {
  let sortedBy = first,
    descending = descendingFirst,
    names = "",
    latest = null;
  const heads = new Map();
  const head = el("thead"),
    body = el("tbody");
  const title = el("caption", { class: "visually-hidden" });
  const table = el("table", { class: "scores" }, title, head, body);
  const more = makeMore(AT_FIRST, () => draw());
  const box = el("div", { class: "box", role: "region", tabindex: "0", "aria-label": caption }, table);
  const node = el("div", { class: "table" }, box, more.node);

  const sortBy = (column) => {
    descending = sortedBy === column.name ? !descending : Boolean(column.descending);
    sortedBy = column.name;
    draw();
    announce(`Sorted by ${column.title}, ${descending ? "highest" : "lowest"} first.`);
  };
  const drawHead = (columns) => {
    heads.clear();
    head.replaceChildren(
      el(
        "tr",
        {},
        columns.map((column) => {
          const label = [column.short ?? column.title, column.suffix ? el("small", {}, ` ${column.suffix}`) : null];
          const cell = el(
            "th",
            {
              scope: "col",
              class: `${column.number ? "number" : ""} ${column.class ?? ""} ${column.head ? "pinned" : ""}`,
            },
            el(
              "span",
              { class: "head" },
              el(
                "button",
                { class: "sort", type: "button", title: `Sort by ${column.title}`, onclick: () => sortBy(column) },
                label,
              ),
              helpButton(column.name),
            ),
          );
          heads.set(column.name, cell);
          return cell;
        }),
      ),
    );
  };
  const drawRow = (row, columns) =>
    el(
      "tr",
      {},
      columns.map((column) => {
        const classes = `${column.number ? "number" : ""} ${column.class ?? ""}`;
        return column.head
          ? el("th", { scope: "row", class: `${classes} pinned` }, column.cell(row))
          : el("td", { class: classes }, column.cell(row));
      }),
    );
  const draw = () => {
    const { columns, rows, total } = latest;
    if (names !== columns.map((column) => column.name).join()) {
      names = columns.map((column) => column.name).join();
      drawHead(columns);
    }
    const column = columns.find((other) => other.name === sortedBy) ?? columns[0];
    for (const [name, cell] of heads) {
      if (name === column.name) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    const ordered = sorted(rows, column, descending);
    body.replaceChildren(...more.shown(ordered).map((row) => drawRow(row, columns)));
    if (!rows.length)
      body.append(
        el(
          "tr",
          {},
          el("td", { class: "empty", colspan: columns.length }, total ? "No row fits the filters." : "No rows yet."),
        ),
      );
    title.textContent = `${caption}: ${plural(rows.length, "row")} of ${grouped(total)}, sorted by ${column.title}.`;
  };
  return {
    node,
    render: (columns, rows, total) => {
      latest = { columns, rows, total };
      draw();
    },
    expand: (all) => {
      more.expand(all);
      if (latest) draw();
    },
  };
};
