/** The widget's traits and the app's view, kept the same. What comes from a trait is checked like anything from outside. */

import type { Explore } from "./app.ts";
import { isChartChoice, isMode, type View } from "./state.ts";

/** What anywidget hands to `render`. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, handler: () => void): void;
  off(event: string, handler: () => void): void;
}

const SYNCED = ["table", "mode", "sql", "chart", "query", "order"] as const;

function fromTraits(model: Model): Partial<View> {
  const view: Partial<View> = {};
  const text = (name: "sql" | "order") => {
    const value = model.get(name);
    if (typeof value === "string") view[name] = value;
  };
  const table = model.get("table");
  if (typeof table === "string" && table) view.table = table;
  const mode = model.get("mode");
  if (isMode(mode)) view.mode = mode;
  text("sql");
  text("order");
  const chart = model.get("chart");
  if (isChartChoice(chart)) view.chart = chart;
  return view;
}

function toTraits(model: Model, view: View): void {
  let changed = false;
  for (const name of SYNCED) {
    const value = name === "chart" ? (view.chart ?? {}) : (view[name] ?? "");
    if (JSON.stringify(model.get(name)) === JSON.stringify(value)) continue;
    model.set(name, value);
    changed = true;
  }
  if (changed) model.save_changes();
}

/** Binds a widget's model to an app; `fresh` is false when the app was on the page first and knows better. */
export function bind(app: Explore, model: Model, fresh: boolean): () => void {
  const { store } = app;
  if (fresh) store.set(fromTraits(model));
  toTraits(model, store.get());
  const known = () => {
    if (!app.workspace) return;
    model.set("role", app.workspace.role);
    model.set("workspace", app.workspace.slug ?? app.workspace.name);
    model.save_changes();
  };
  known();
  app.root.addEventListener("deita-workspace", known);
  const unsubscribe = store.subscribe((view) => toTraits(model, view));
  const heard = () => store.set(fromTraits(model));
  for (const name of SYNCED) if (name !== "query") model.on(`change:${name}`, heard);
  return () => {
    unsubscribe();
    app.root.removeEventListener("deita-workspace", known);
    for (const name of SYNCED) model.off(`change:${name}`, heard);
  };
}
