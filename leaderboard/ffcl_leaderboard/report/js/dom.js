// Elements. Texts become text nodes, whatever they hold: nothing is ever parsed as HTML.

const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
};
const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const live = document.getElementById("live");
const announce = (text) => {
  live.textContent = text;
};

// A dialog that is made for one showing. Escape, the button and a click beside it close it; focus goes back.
const showDialog = (label, className, ...children) => {
  const opener = document.activeElement;
  const close = el(
    "button",
    { class: "close", type: "button", "aria-label": "Close", onclick: () => dialog.close() },
    "×",
  );
  const body = el("div", { class: "dialog-body" }, ...children);
  const dialog = el("dialog", { class: className, "aria-label": label }, close, body);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus?.({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.scrollTop = 0;
  return dialog;
};

const BETTER = { higher: "Higher is better.", lower: "Lower is better." };
const showHelp = (name) => {
  const help = DATA.help[name];
  const entry = (term, text) => (text ? [el("dt", {}, term), el("dd", {}, text)] : null);
  showDialog(
    `About ${help.title}`,
    "help",
    el("h2", {}, help.title, " ", el("code", {}, name)),
    el(
      "dl",
      { class: "facts" },
      entry("Formula", help.formula),
      entry("Source", help.source),
      entry("Unit", help.unit),
    ),
    BETTER[help.better] ? el("p", {}, BETTER[help.better]) : null,
  );
};
const helpButton = (name) =>
  DATA.help[name] &&
  el(
    "button",
    {
      class: "q",
      type: "button",
      "aria-label": `What is ${DATA.help[name].title}?`,
      "aria-haspopup": "dialog",
      onclick: () => showHelp(name),
    },
    "?",
  );

// One tooltip for all figures; what it says stands in the table too.
const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
document.body.append(tip);
const withTip = (node, lines) => {
  node.addEventListener("pointerenter", () => {
    tip.replaceChildren(...lines.map((line, i) => el(i ? "div" : "b", {}, line)));
    tip.hidden = false;
  });
  node.addEventListener("pointermove", (event) => {
    const left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 16 + tip.offsetHeight < window.innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${below ? event.clientY + 16 : event.clientY - tip.offsetHeight - 12}px`;
  });
  node.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  return node;
};

const select = (label, options, value, onchange, className = "") => {
  const node = el(
    "select",
    { "aria-label": label, class: className, onchange: () => onchange(node.value) },
    options.map(([key, text]) => el("option", { value: key, selected: key === value }, text)),
  );
  return node;
};
const checkbox = (label, checked, onchange) => {
  const box = el("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return el("label", { class: "check" }, box, el("span", {}, label));
};

// A button below a long list, between all of it and the first few; `shown` gives what is to be drawn.
const makeMore = (few, redraw) => {
  let everything = false;
  const node = el("button", {
    class: "more",
    type: "button",
    onclick: () => {
      everything = !everything;
      redraw();
    },
  });
  return {
    node,
    shown: (items) => {
      node.hidden = items.length <= few;
      node.textContent = everything ? `Show the first ${few}` : `Show all ${items.length} rows`;
      return everything ? items : items.slice(0, few);
    },
    expand: (all) => {
      everything = all;
    },
  };
};
