/** A chart as plain values: what to draw by default, the SQL that fetches it, the Vega-Lite that draws it. */

import { identifier, kindOf } from "./format.ts";
import type { Column, Profile, Row } from "./shapes.ts";
import type { Aggregate, ChartChoice } from "./state.ts";

export const MOST_POINTS = 5000;
export const MOST_BARS = 40;
export const MOST_COLORS = 8;
/** Okabe & Ito's eight colours, told apart with any kind of colour vision (https://jfly.uni-koeln.de/color/). */
export const COLORS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#999999"];
/** On a dark page the light blue stands out better than the dark one. */
const DARK_COLORS = [...COLORS.slice(4, 5), ...COLORS.slice(1, 4), ...COLORS.slice(0, 1), ...COLORS.slice(5)];

const COUNTING = /(^|_)(id|year|month|day|hour|minute|code|zip|number|no|nr|lat|lon|latitude|longitude)$/i;

export interface Point {
  x: string | number;
  y: number | null;
  c?: string;
}

export interface Drawing {
  points: Point[];
  /** What was left out, for a person. */
  note: string;
}

export interface Theme {
  text: string;
  muted: string;
  line: string;
  background: string;
  dark: boolean;
  font: string;
}

const numeric = (column: Column) => kindOf(column.type) === "number";

function measure(columns: Column[]): Column | undefined {
  return columns.find((column) => numeric(column) && !COUNTING.test(column.name)) ?? columns.find(numeric);
}

/** How many rows have each value of a column, on average; below this, counting them says little. */
const WORTH_COUNTING = 1.5;

/** The columns whose values are hardly ever the same twice. */
export function nearlyUnique({ rows, columns }: Pick<Profile, "rows" | "columns">): ReadonlySet<string> {
  return new Set(columns.filter(({ distinct }) => distinct > 0 && rows / distinct < WORTH_COUNTING).map(({ name }) => name));
}

/** What is worth seeing first: how many rows of each kind in a table, the figures as they are in a result. Where every text
 * of a table is `unique`, a figure of each. */
export function defaultChart(columns: Column[], of: "table" | "query", unique: ReadonlySet<string> = new Set()): ChartChoice | null {
  const date = columns.find((column) => kindOf(column.type) === "date");
  const texts = columns.filter((column) => kindOf(column.type) === "text" || kindOf(column.type) === "boolean");
  const text = texts.find(({ name }) => !unique.has(name)) ?? texts[0];
  if (of === "query") {
    const x = date ?? text ?? columns[0];
    const y = measure(columns.filter((column) => column !== x));
    if (!x) return null;
    if (!y) return { mark: "bar", x: x.name, y: "", aggregate: "count", color: "" };
    return { mark: date || numeric(x) ? "line" : "bar", x: x.name, y: y.name, aggregate: "none", color: "" };
  }
  if (text && unique.has(text.name)) {
    const y = measure(columns.filter(({ name }) => !COUNTING.test(name)));
    if (y) return { mark: "bar", x: text.name, y: y.name, aggregate: "sum", color: "" };
    if (date && !unique.has(date.name)) return { mark: "line", x: date.name, y: "", aggregate: "count", color: "" };
  }
  const x = text ?? date ?? columns[0];
  return x ? { mark: x === date ? "line" : "bar", x: x.name, y: "", aggregate: "count", color: "" } : null;
}

/** True when every column that the choice names is there, and a figure is chosen where one is needed. */
export function fits(choice: ChartChoice, columns: Column[]): boolean {
  const names = new Set(columns.map((column) => column.name));
  const figure = choice.aggregate === "count" || names.has(choice.y);
  return names.has(choice.x) && figure && (!choice.color || names.has(choice.color));
}

const byDay = (choice: ChartChoice, columns: Column[]) => choice.aggregate !== "none" && /^(TIMESTAMP|DATETIME)/i.test(columns.find((column) => column.name === choice.x)?.type ?? "");

export const AGGREGATE_WORDS: Record<Aggregate, string> = { none: "values of", sum: "sum of", avg: "average of", count: "number of rows" };

export function figureTitle(choice: ChartChoice): string {
  if (choice.aggregate === "count") return "number of rows";
  return choice.aggregate === "none" ? choice.y : `${AGGREGATE_WORDS[choice.aggregate]} ${choice.y}`;
}

export function xTitle(choice: ChartChoice, columns: Column[]): string {
  return byDay(choice, columns) ? `${choice.x} (by day)` : choice.x;
}

function figureSql({ aggregate, y }: ChartChoice): string {
  return aggregate === "count" ? "count(*)" : aggregate === "none" ? identifier(y) : `${aggregate}(${identifier(y)})`;
}

const isCategory = (choice: ChartChoice, columns: Column[]) => !["date", "number"].includes(kindOf(columns.find((column) => column.name === choice.x)?.type ?? "VARCHAR"));

/** The statement behind a chart. `source` is a quoted table, or a sub-select in parentheses. */
export function chartSql(source: string, choice: ChartChoice, columns: Column[]): string {
  const x = byDay(choice, columns) ? `CAST(${identifier(choice.x)} AS DATE)` : identifier(choice.x);
  const color = choice.color ? `, ${identifier(choice.color)} AS c` : "";
  const grouped = choice.aggregate === "none" ? "" : `\nGROUP BY ALL`;
  const order = choice.aggregate === "none" ? "" : isCategory(choice, columns) ? "\nORDER BY y DESC NULLS LAST, x" : "\nORDER BY x";
  return `SELECT ${x} AS x, ${figureSql(choice)} AS y${color}\nFROM ${source}${grouped}${order}`;
}

/** A result's own statement as a source; a comment at its end must not swallow the parenthesis. */
export function subselect(sql: string): string {
  return `(\n${sql.trim().replace(/\s*;[;\s]*(--[^\n]*\s*)*$/, "")}\n) AS result`;
}

function toNumber(value: unknown): number | null {
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

const label = (value: unknown): string => (value === null || value === undefined ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The same as `chartSql` would give, over rows that the browser holds completely. */
export function aggregateRows(rows: Row[], choice: ChartChoice, columns: Column[]): Row[] {
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const [x, y, c] = [at(choice.x), at(choice.y), choice.color ? at(choice.color) : -1];
  const day = byDay(choice, columns);
  const key = (row: Row) => (day && typeof row[x] === "string" ? (row[x] as string).slice(0, 10) : row[x]);
  if (choice.aggregate === "none") return rows.map((row) => [row[x], row[y], ...(c >= 0 ? [row[c]] : [])]);
  const groups = new Map<string, { row: Row; sum: number; values: number; rows: number }>();
  for (const row of rows) {
    const parts = [key(row), ...(c >= 0 ? [row[c]] : [])];
    const name = JSON.stringify(parts);
    const group = groups.get(name) ?? { row: parts, sum: 0, values: 0, rows: 0 };
    const value = y >= 0 ? toNumber(row[y]) : null;
    group.rows++;
    if (value !== null) {
      group.sum += value;
      group.values++;
    }
    groups.set(name, group);
  }
  const figure = { count: "rows", sum: "sum", avg: "avg" }[choice.aggregate];
  const out = [...groups.values()].map(({ row, sum, values, rows: n }) => [row[0], figure === "rows" ? n : values === 0 ? null : figure === "sum" ? sum : sum / values, ...row.slice(1)]);
  const compare = isCategory(choice, columns) ? (a: Row, b: Row) => Number(b[1] ?? -Infinity) - Number(a[1] ?? -Infinity) : byValue;
  return out.sort(compare);
}

function byValue(a: Row, b: Row): number {
  const [left, right] = [a[0], b[0]];
  if (typeof left === "number" && typeof right === "number") return left - right;
  return label(left) < label(right) ? -1 : 1;
}

function largest(points: Point[], of: (point: Point) => string, most: number): Set<string> | null {
  const totals = new Map<string, number>();
  for (const point of points) totals.set(of(point), (totals.get(of(point)) ?? 0) + Math.abs(point.y ?? 0));
  if (totals.size <= most) return null;
  return new Set([...totals].sort((a, b) => b[1] - a[1]).slice(0, most).map(([name]) => name));
}

/** Rows `[x, y, colour?]` as points, cut to what can be read, with a sentence about what was cut. */
export function drawing(rows: Row[], total: number, choice: ChartChoice, columns: Column[]): Drawing {
  const category = isCategory(choice, columns);
  const notes: string[] = [];
  let points = rows.slice(0, MOST_POINTS).map((row): Point => {
    const x = category || kindOf(columns.find((column) => column.name === choice.x)?.type ?? "") === "date" ? label(row[0]) : (toNumber(row[0]) ?? "null");
    return { x, y: toNumber(row[1]), ...(choice.color ? { c: label(row[2]) } : {}) };
  });
  if (total > points.length) notes.push(`the first ${MOST_POINTS.toLocaleString("en")} of ${total.toLocaleString("en")} points${choice.aggregate === "none" ? "; a sum, average or count uses all of them" : ""}`);
  const keep = (names: Set<string> | null, of: (point: Point) => string, words: (n: number) => string) => {
    if (!names) return;
    notes.push(words(new Set(points.map(of)).size));
    points = points.filter((point) => names.has(of(point)));
  };
  if (category && choice.mark === "bar") keep(largest(points, (p) => String(p.x), MOST_BARS), (p) => String(p.x), (n) => `the ${MOST_BARS} largest of ${n.toLocaleString("en")} bars`);
  if (choice.color) keep(largest(points, (p) => p.c ?? "", MOST_COLORS), (p) => p.c ?? "", (n) => `the ${MOST_COLORS} largest of ${n.toLocaleString("en")} colours`);
  return { points, note: notes.length ? `Shown: ${notes.join(", ")}.` : "" };
}

/** Vega-Lite for the points; field names are ours (x, y, c), so that no column name is read as an expression. */
export function vegaSpec(choice: ChartChoice, columns: Column[], points: Point[], theme: Theme, size: { width: number; height: number }): Record<string, unknown> {
  const kind = kindOf(columns.find((column) => column.name === choice.x)?.type ?? "VARCHAR");
  const x = kind === "date" ? "temporal" : kind === "number" && choice.mark === "line" ? "quantitative" : "nominal";
  const bars = choice.mark === "bar";
  const axis = { labelColor: theme.muted, titleColor: theme.text, gridColor: theme.line, domainColor: theme.line, tickColor: theme.line, labelFont: theme.font, titleFont: theme.font, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600, labelLimit: 140 };
  const colors = theme.dark ? DARK_COLORS : COLORS;
  const color = choice.color ? { field: "c", type: "nominal", title: choice.color, sort: null, scale: { range: colors } } : { value: colors[0] };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${bars ? "Bars" : "Line"}: ${figureTitle(choice)} by ${choice.x}`,
    data: { values: points },
    ...size,
    autosize: { type: "fit", contains: "padding" },
    background: theme.background,
    mark: bars ? { type: "bar", cornerRadiusEnd: 2, tooltip: true } : { type: "line", strokeWidth: 2, point: points.length <= 60 ? { filled: true, size: 36 } : false, tooltip: true },
    encoding: {
      x: { field: "x", type: x, title: xTitle(choice, columns), sort: null, axis: { labelAngle: x === "nominal" && points.length > 12 ? -45 : 0, labelOverlap: x === "nominal" ? false : true, grid: false, ...(x === "quantitative" ? { format: "" } : {}) }, scale: x === "quantitative" ? { zero: false } : {} },
      y: { field: "y", type: "quantitative", title: figureTitle(choice), scale: { zero: bars }, ...(choice.aggregate === "count" ? { axis: { tickMinStep: 1 } } : {}) },
      color,
    },
    config: { axis, legend: { labelColor: theme.text, titleColor: theme.text, labelFont: theme.font, titleFont: theme.font }, view: { stroke: null }, font: theme.font },
  };
}
