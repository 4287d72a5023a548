// The controls above the table. They are built once and only told what has changed, so that focus stays.

const toggles = (label, names, hidden, icon) => {
  const buttons = names.map((name) =>
    el(
      "button",
      {
        class: "chip",
        type: "button",
        "aria-pressed": "true",
        onclick: () => {
          hidden.has(name) ? hidden.delete(name) : hidden.add(name);
          change();
        },
      },
      icon?.(name),
      el("span", {}, name),
    ),
  );
  const all = el("button", {
    class: "chip plain",
    type: "button",
    onclick: () => {
      hidden.size ? hidden.clear() : names.forEach((name) => hidden.add(name));
      change();
    },
  });
  const update = () => {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(!hidden.has(names[i]))));
    all.textContent = hidden.size ? "show all" : "hide all";
    all.setAttribute("aria-label", `${hidden.size ? "Show all" : "Hide all"}: ${label}`);
  };
  onChange(update);
  update();
  return el(
    "div",
    { class: "chips", role: "group", "aria-label": label },
    el("span", { class: "chips-label", "aria-hidden": "true" }, label),
    el("div", { class: "chips-line" }, buttons, names.length > 2 ? all : null),
  );
};

// The legend of every figure is the filter of learners itself.
const legend = () => toggles("learners", DATA.learners, state.learners, (name) => markIcon(name));
const strategyToggles = () => toggles("strategies", DATA.strategies, state.strategies);

const filters = () => {
  const search = el("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search learners, strategies, scenarios and variants",
    oninput: () => change({ text: search.value }),
  });
  const kinds = Object.keys(KINDS).filter((kind) => ROWS.some(KINDS[kind]));
  const hide = kinds.map((kind) =>
    checkbox(`hide ${kind}`, false, (checked) => {
      checked ? state.hide.add(kind) : state.hide.delete(kind);
      change();
    }),
  );
  return el(
    "div",
    { class: "filters", role: "search", "aria-label": "Filter rows" },
    el("div", { class: "filter-line" }, search, hide, columnsMenu()),
    legend(),
    strategyToggles(),
  );
};

const OPTIONAL = Object.keys(DATA.columns).filter((name) => !["seeds", "failed", "optimistic"].includes(name));
const columnsMenu = () => {
  const menu = el(
    "details",
    { class: "menu" },
    el("summary", {}, "Columns"),
    el(
      "div",
      { class: "menu-body", role: "group", "aria-label": "Columns of the table" },
      OPTIONAL.map((name) =>
        checkbox(titleOf(name), state.columns.has(name), (checked) => {
          checked ? state.columns.add(name) : state.columns.delete(name);
          change();
        }),
      ),
    ),
  );
  onChange(() => {
    menu.hidden = state.scenario === ALL;
  });
  menu.hidden = state.scenario === ALL;
  const shut = (focus) => {
    if (menu.open) {
      menu.open = false;
      if (focus) menu.firstChild.focus();
    }
  };
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      shut(true);
    }
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) shut(false);
  });
  return menu;
};

const themeButton = () => {
  const root = document.documentElement,
    dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const store = (theme) => {
    try {
      localStorage.setItem("ffcl-theme", theme);
    } catch {
      /* not kept, then */
    }
  };
  try {
    const kept = localStorage.getItem("ffcl-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch {
    /* none kept */
  }
  const button = el("button", {
    class: "theme",
    type: "button",
    onclick: () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      store(root.dataset.theme);
      update();
    },
  });
  const update = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} theme`);
  };
  dark.addEventListener("change", update);
  update();
  return button;
};
