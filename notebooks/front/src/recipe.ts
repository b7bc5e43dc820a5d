/**
 * How a file is read: what was found, and what a person set instead. Only the latter is sent, so that everything else is
 * decided anew over the whole file.
 */

import type { Choice, Reading, Recipe } from "./shapes.ts";

/** Where a part of the recipe comes from. */
export type Origin = "found" | "kept" | "set";

/** What was set, by recipe key; columns by `columns.<label>.type`, each a type or an object that has one. */
export type Settings = ReadonlyMap<string, unknown>;

const COLUMN = /^columns\.(.*)\.type$/s;
/** These follow from the file or from other parts; a person does not set them. */
const DERIVED = new Set(["version", "format", "columns", "compression", "strict"]);

export function columnKey(label: string): string {
  return `columns.${label}.type`;
}

/** The label in a column's key; null for any other key. */
export function labelOf(key: string): string | null {
  return COLUMN.exec(key)?.[1] ?? null;
}

function columnsOf(recipe: Recipe): Record<string, unknown> {
  const { columns } = recipe;
  return typeof columns === "object" && columns !== null ? (columns as Record<string, unknown>) : {};
}

/** A recipe's value for a key. */
export function valueOf(recipe: Recipe, key: string): unknown {
  const label = COLUMN.exec(key)?.[1];
  if (label !== undefined) return columnsOf(recipe)[label] ?? null;
  const value = recipe[key];
  return key === "header" && typeof value === "boolean" ? Number(value) : value;
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** The part of a request's recipe that these settings are. */
export function overrides(settings: Settings): Recipe {
  const recipe: Recipe = {};
  const columns: Record<string, unknown> = {};
  for (const [key, value] of settings) {
    const label = COLUMN.exec(key)?.[1];
    if (label === undefined) recipe[key] = value;
    else columns[label] = value;
  }
  return Object.keys(columns).length ? { ...recipe, columns } : recipe;
}

/** The settings that a recipe's parts are. */
export function settingsOf(recipe: Recipe): Settings {
  const parts = Object.keys(recipe).filter((key) => key !== "columns").map((key): [string, unknown] => [key, valueOf(recipe, key)]);
  const columns = Object.entries(columnsOf(recipe)).map(([label, entry]): [string, unknown] => [columnKey(label), entry]);
  return new Map([...parts, ...columns]);
}

/**
 * What of a table's recipe is not what is found by itself: this was set when it was read, and stays so. Which columns there are
 * depends on the other parts, so their types are compared only once those are settled (`columns`).
 */
export function kept(recipe: Recipe, found: Recipe, columns: boolean): Settings {
  const differs = ([key, value]: [string, unknown]) => !DERIVED.has(key) && COLUMN.test(key) === columns && !same(value, valueOf(found, key));
  return new Map([...settingsOf(recipe)].filter(differs));
}

export function changed(settings: Settings, key: string, value: unknown): Settings {
  return new Map([...settings, [key, value]]);
}

export function without(settings: Settings, key: string): Settings {
  return new Map([...settings].filter(([other]) => other !== key));
}

/** Other bytes or cells of the same file: what was set for columns does not fit them. */
export function instead(settings: Settings, other: Recipe): Settings {
  return new Map([...[...settings].filter(([key]) => !COLUMN.test(key)), ...settingsOf(other)]);
}

/** Without what was set for columns that are not there. */
export function withColumns(settings: Settings, labels: unknown[]): Settings {
  return new Map([...settings].filter(([key]) => labelOf(key) === null || labels.includes(labelOf(key))));
}

export function withoutAll(settings: Settings, other: Recipe): Settings {
  return new Map([...settings].filter(([key]) => !(key in other) && !COLUMN.test(key)));
}

export function originOf(settings: Settings, before: Settings, key: string): Origin {
  if (!settings.has(key)) return "found";
  return before.has(key) && same(before.get(key), settings.get(key)) ? "kept" : "set";
}

export function choiceOf(reading: Reading, key: string): Choice | null {
  return reading.preview.choices.find((choice) => choice.key === key) ?? null;
}
