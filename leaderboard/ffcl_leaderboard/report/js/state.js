// What is chosen, and which rows that leaves.

const ALL = "";
const listeners = [];
const state = {
  scenario: DATA.scenarios.length === 1 || !SUMMARY.length ? (DATA.scenarios[0] ?? ALL) : ALL,
  text: "",
  learners: new Set(), // hidden ones
  strategies: new Set(),
  hide: new Set(), // of "tuned", "optimistic", "stale"
  columns: new Set(["ACC", "AIA", "LA", "forgetting", "train_seconds"]),
};
const onChange = (listener) => {
  listeners.push(listener);
};
const change = (changes = {}) => {
  Object.assign(state, changes);
  for (const listener of listeners) listener();
};

const KINDS = {
  tuned: (row) => row.tuned === "tuned" || /\btuned\b/.test(row.variant),
  optimistic: (row) => row.optimistic === true || /\boptimistic\b/.test(row.variant),
  stale: (row) => Boolean(row.stale),
};
const isOfShownKind = (row) => ![...state.hide].some((kind) => KINDS[kind](row));
const isShown = (row) => {
  if (state.learners.has(row.learner) || state.strategies.has(row.strategy)) return false;
  if (!isOfShownKind(row)) return false;
  const scenarios = row.scenario ?? (row.of ? Object.keys(row.of) : DATA.scenarios).join(" "); // of a row over several
  const text = [row.learner, row.strategy, scenarios, row.variant].join(" ").toLowerCase();
  return state.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
};
const rowsOf = (scenario) => (scenario === ALL ? ROWS : ROWS.filter((row) => row.scenario === scenario));
const shownRows = () => rowsOf(state.scenario).filter(isShown);

// The leaderboard ranks, and says in words why a row has no rank.
const rankOf = (row) => (/^\d+$/.test(row.rank) ? Number(row.rank) : null);

// Rows are compared with those of their stream: the scenario with its settings. Each stream has a leader of its own.
const streamOf = (row) => DATA.parts[row.details.stream] ?? "";
const streamsOf = (scenario) => [...new Set(rowsOf(scenario).map(streamOf))];
const leaderOf = (scenario, stream) =>
  rowsOf(scenario)
    .filter((row) => rankOf(row) && streamOf(row) === stream)
    .sort((a, b) => rankOf(a) - rankOf(b))[0]; // of a part of a leaderboard perhaps not its first
const placeOf = (row) => JSON.stringify([row.scenario, streamOf(row)]);

const experiencesOf = (row) => row.details.matrix?.[0].length ?? 0;

// A row that learned nothing cannot forget: its forgetting must not be read as a strength.
const didNotLearn = (row) => isNumber(row.never_learned) && row.never_learned >= experiencesOf(row);

// The choice of scenario stands in the address, so that a view can be passed on.
const readAddress = () => {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("scenario");
  if (wanted !== null && (wanted === ALL || DATA.scenarios.includes(wanted))) state.scenario = wanted;
};
const writeAddress = () => {
  const hash = `#${new URLSearchParams({ scenario: state.scenario })}`;
  try {
    history.replaceState(null, "", hash);
  } catch {
    /* not allowed here: the view is then not in the address */
  }
};
