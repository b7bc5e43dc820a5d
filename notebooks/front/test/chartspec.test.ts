import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_BARS, MOST_POINTS, aggregateRows, chartSql, defaultChart, drawing, fits, nearlyUnique, subselect, vegaSpec } from "../src/chartspec.ts";
import type { ColumnProfile } from "../src/shapes.ts";

const flights = [
  { name: "year", type: "BIGINT" },
  { name: "dep_delay", type: "BIGINT" },
  { name: "carrier", type: "VARCHAR" },
  { name: "time_hour", type: "TIMESTAMP" },
];
const theme = { text: "#000", muted: "#555", line: "#ddd", background: "#fff", dark: false, font: "sans-serif" };

test("a table is counted by its first text, a result is drawn as it is", () => {
  assert.deepEqual(defaultChart(flights, "table"), { mark: "bar", x: "carrier", y: "", aggregate: "count", color: "" });
  const result = [{ name: "day", type: "DATE" }, { name: "year", type: "BIGINT" }, { name: "total", type: "HUGEINT" }];
  assert.deepEqual(defaultChart(result, "query"), { mark: "line", x: "day", y: "total", aggregate: "none", color: "" });
  assert.equal(defaultChart([], "table"), null);
});

test("a table whose texts are all different shows a figure of each, not how many there are of it", () => {
  const countries = [{ name: "name", type: "VARCHAR" }, { name: "continent", type: "VARCHAR" }, { name: "population", type: "BIGINT" }];
  const unique = nearlyUnique({ rows: 200, columns: [["name", 200], ["continent", 7], ["population", 199]].map(([name, distinct]) => ({ name, distinct }) as unknown as ColumnProfile) });
  assert.deepEqual([...unique], ["name", "population"]);
  assert.deepEqual(defaultChart(countries, "table", unique), { mark: "bar", x: "continent", y: "", aggregate: "count", color: "" });
  assert.deepEqual(defaultChart(countries.filter(({ name }) => name !== "continent"), "table", unique), { mark: "bar", x: "name", y: "population", aggregate: "sum", color: "" });
});

test("a choice fits only the columns that it names", () => {
  const choice = { mark: "bar", x: "carrier", y: "dep_delay", aggregate: "avg", color: "" } as const;
  assert.equal(fits(choice, flights), true);
  assert.equal(fits(choice, flights.slice(2)), false);
});

test("the SQL quotes every name and counts timestamps by day", () => {
  const choice = { mark: "line", x: "time_hour", y: 'a"b', aggregate: "sum", color: "carrier" } as const;
  assert.equal(chartSql('"t"', choice, flights), 'SELECT CAST("time_hour" AS DATE) AS x, sum("a""b") AS y, "carrier" AS c\nFROM "t"\nGROUP BY ALL\nORDER BY x');
});

test("a comment at the end of a statement does not swallow the parenthesis", () => {
  assert.equal(subselect("select 1; -- one"), "(\nselect 1\n) AS result");
  assert.equal(subselect("select 1 -- one"), "(\nselect 1 -- one\n) AS result");
  assert.equal(subselect("select 1 ;\n"), "(\nselect 1\n) AS result");
});

test("rows in the browser are summed as the engine would", () => {
  const columns = [{ name: "k", type: "VARCHAR" }, { name: "v", type: "DECIMAL(9,2)" }];
  const rows = [["a", "1.5"], ["b", "10"], ["a", null], ["a", "2.5"]];
  const by = (aggregate: "sum" | "avg" | "count") => aggregateRows(rows, { mark: "bar", x: "k", y: "v", aggregate, color: "" }, columns);
  assert.deepEqual(by("sum"), [["b", 10], ["a", 4]]);
  assert.deepEqual(by("avg"), [["b", 10], ["a", 2]]);
  assert.deepEqual(by("count"), [["a", 3], ["b", 1]]);
});

test("too many points and bars are cut, and it is said", () => {
  const choice = { mark: "bar", x: "carrier", y: "", aggregate: "count", color: "" } as const;
  const rows = Array.from({ length: 100 }, (_, i) => [`c${i}`, 100 - i]);
  const bars = drawing(rows, 100, choice, flights);
  assert.equal(bars.points.length, MOST_BARS);
  assert.match(bars.note, /the 40 largest of 100 bars/);
  const line = drawing(Array.from({ length: MOST_POINTS + 1 }, (_, i) => [i, i]), 336776, { mark: "line", x: "dep_delay", y: "year", aggregate: "none", color: "" }, flights);
  assert.equal(line.points.length, MOST_POINTS);
  assert.match(line.note, /the first 5,000 of 336,776 points/);
});

test("names of columns never reach Vega as fields", () => {
  const choice = { mark: "bar", x: "a.b[0]", y: "datum.x", aggregate: "none", color: "" } as const;
  const spec = vegaSpec(choice, [{ name: "a.b[0]", type: "VARCHAR" }], [{ x: "1", y: 1 }], theme, { width: 1, height: 1 }) as { encoding: Record<string, { field: string }> };
  assert.deepEqual([spec.encoding["x"]?.field, spec.encoding["y"]?.field], ["x", "y"]);
});
