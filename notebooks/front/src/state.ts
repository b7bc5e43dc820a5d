/** What the person looks at, and its place in the address so that a link or Back brings it back. */

export const MODES = ["table", "profile", "sql", "chart"] as const;
export type Mode = (typeof MODES)[number];
export type Aggregate = "none" | "sum" | "avg" | "count";

export interface ChartChoice {
  mark: "bar" | "line";
  x: string;
  y: string;
  aggregate: Aggregate;
  color: string;
}

export interface View {
  table: string | null;
  /** An older version that is looked at instead of the newest. */
  version: number | null;
  mode: Mode;
  sql: string;
  /** Sort of the table, as the API takes it: `column` or `-column`. */
  order: string;
  /** Filters of the table, as the API takes them: `column:op:value`. */
  filters: readonly string[];
  chart: ChartChoice | null;
  /** The last query that ran; it is not part of the address, results expire. */
  query: string | null;
  /** What is reviewed: `table` for how the table was read, the id of an import that waits, empty for nothing. */
  review: string;
  /** The slug of the saved query that the editor holds, empty for none. */
  saved: string;
  /** The statement of that saved query, as it was opened; it is not part of the address, nor is `sql` when it is the same. */
  savedSql: string;
  /** What was typed in for the `$name`s of the statement. */
  params: Record<string, string>;
  /** Whether the chart draws the table or the query's result. */
  of: "table" | "query";
}

export const START: View = { table: null, version: null, mode: "table", sql: "", order: "", filters: [], chart: null, query: null, review: "", saved: "", savedSql: "", params: {}, of: "table" };
const ADDRESS_LIMIT = 8000;
const SLUG = /^[a-z][a-z0-9-]{0,59}$/;
const FILTERS = 50;
const MARKS = ["bar", "line"];
const AGGREGATES = ["none", "sum", "avg", "count"];

export function isMode(value: unknown): value is Mode {
  return MODES.includes(value as Mode);
}

export function isChartChoice(value: unknown): value is ChartChoice {
  if (typeof value !== "object" || value === null) return false;
  const choice = value as Record<string, unknown>;
  return MARKS.includes(choice["mark"] as string) && AGGREGATES.includes(choice["aggregate"] as string) && ["x", "y", "color"].every((key) => typeof choice[key] === "string");
}

/** The view as an address fragment without `#`. SQL too long for an address is left out. */
export function encodeView(view: View): string {
  const search = new URLSearchParams();
  if (view.table) search.set("table", view.table);
  if (view.table && view.version) search.set("version", String(view.version));
  if (view.mode !== "table") search.set("mode", view.mode);
  if (view.saved) search.set("saved", view.saved);
  if (view.sql && !(view.saved && view.sql === view.savedSql) && view.sql.length < ADDRESS_LIMIT) search.set("sql", view.sql);
  if (view.order) search.set("order", view.order);
  for (const filter of view.filters) search.append("filter", filter);
  if (view.chart && view.mode === "chart") search.set("chart", JSON.stringify(view.chart));
  if (Object.keys(view.params).length) search.set("params", JSON.stringify(view.params));
  if (view.review) search.set("review", view.review);
  if (view.of === "query") search.set("of", "query");
  return search.toString();
}

export function decodeView(fragment: string): Partial<View> {
  const search = new URLSearchParams(fragment.replace(/^#/, ""));
  const view: Partial<View> = {};
  const mode = search.get("mode");
  if (search.has("table")) view.table = search.get("table");
  if (/^[1-9]\d{0,8}$/.test(search.get("version") ?? "")) view.version = Number(search.get("version"));
  if (isMode(mode) && mode !== "table") view.mode = mode;
  if (search.has("sql")) view.sql = search.get("sql") ?? "";
  if (search.has("order")) view.order = search.get("order") ?? "";
  if (search.has("filter")) view.filters = search.getAll("filter").slice(0, FILTERS);
  const review = search.get("review") ?? "";
  if (/^[\w-]{1,64}$/.test(review)) view.review = review;
  if (search.get("of") === "query") view.of = "query";
  if (SLUG.test(search.get("saved") ?? "")) view.saved = search.get("saved") ?? "";
  const chart = parsed(search.get("chart"));
  if (isChartChoice(chart)) view.chart = chart;
  const params = parsed(search.get("params"));
  if (isTexts(params)) view.params = params;
  return view;
}

/** JSON, or null where a link is damaged: the default is shown instead. */
function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === "string");
}

export type Listener = (view: View, before: View) => void;

export class Store {
  private view: View;
  private readonly listeners = new Set<Listener>();

  constructor(start: Partial<View> = {}) {
    this.view = { ...START, ...start };
  }

  get(): View {
    return this.view;
  }

  set(patch: Partial<View>): void {
    const before = this.view;
    const changed = Object.entries(patch).some(([key, value]) => before[key as keyof View] !== value);
    if (!changed) return;
    this.view = { ...before, ...patch };
    for (const listener of this.listeners) listener(this.view, before);
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** Keeps the address in step. A new table, version or mode is a new entry of Back, everything else is not. */
export function linkToAddress(store: Store, signal: AbortSignal): void {
  let applying = false;
  store.subscribe((view, before) => {
    if (applying) return;
    const address = `#${encodeView(view)}`;
    if (address === location.hash) return;
    const chosen = (before.table !== null && (view.table !== before.table || view.version !== before.version)) || view.review !== before.review || view.saved !== before.saved;
    history[chosen || view.mode !== before.mode ? "pushState" : "replaceState"](null, "", address);
  });
  addEventListener(
    "popstate",
    () => {
      applying = true;
      const view = decodeView(location.hash);
      store.set({ table: null, version: null, mode: "table", order: "", filters: [], review: "", of: "table", saved: "", savedSql: "", params: {}, ...(view.saved ? { sql: "" } : {}), ...view });
      applying = false;
    },
    { signal },
  );
}
