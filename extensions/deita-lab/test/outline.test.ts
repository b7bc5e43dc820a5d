import assert from "node:assert/strict";
import { test } from "node:test";

import type { DataFile, Table } from "@deita/front/shapes.ts";
import { MOST_ROWS, keyMeans, nameInSql, outline } from "../src/outline.ts";

const about = { bytes: 0, version: 1, created_at: "2026-01-01T00:00:00Z", created_by: "me" };

function table(name: string, columns: string[], rows = 3, sha256 = name): Table {
  return { ...about, name, rows, columns: columns.map((column) => ({ name: column, type: "BIGINT" })), source: { file: `${name}.csv`, sha256 } };
}

function file(name: string, sha256: string): DataFile {
  return { ...about, name, size: 1200, sha256 };
}

const SHOP = { tables: [table("orders", ["id", "price"], 12_408), table("people", ["id", "Home Town"])], files: [file("orders.csv", "orders"), file("notes.csv", "other")] };
const NONE = new Set<string>();

const labels = (filter = "", turned: ReadonlySet<string> = NONE) => outline(SHOP, filter, turned).rows.map(({ label }) => label);

test("tables begin closed below their section, with their number of rows", () => {
  assert.deepEqual(labels(), ["Tables", "orders", "people", "Files", "orders.csv", "notes.csv"]);
  const [section, orders] = outline(SHOP, "", NONE).rows;
  assert.deepEqual([section?.detail, section?.open], ["2", true]);
  assert.deepEqual([orders?.detail, orders?.open, orders?.place, orders?.siblings], ["12,408", false, 1, 2]);
});

test("a turned row shows or hides what is below it", () => {
  assert.deepEqual(labels("", new Set(["orders", "section Files"])), ["Tables", "orders", "id", "price", "people", "Files"]);
});

test("a table that is found by a column opens with the columns that match", () => {
  assert.deepEqual(labels("price"), ["Tables", "orders", "price", "Files"]);
  assert.deepEqual(labels("PEOPLE"), ["Tables", "people", "Files"]);
  assert.deepEqual(labels("price", new Set(["orders"])), ["Tables", "orders", "price", "Files"], "opened by hand before");
  assert.deepEqual(labels("price", new Set(["found orders"])), ["Tables", "orders", "Files"]);
});

test("a file knows the table that it was read into", () => {
  const [read, loose] = outline(SHOP, "csv", NONE).rows.filter((row) => row.kind === "file");
  assert.deepEqual([read?.table?.name, loose?.table], ["orders", null]);
});

test("names are quoted where SQL needs it", () => {
  const rows = outline(SHOP, "", new Set(["people"])).rows;
  assert.deepEqual(rows.map(nameInSql), [null, "orders", "people", "id", '"Home Town"', null, "orders", null]);
});

test("keys lead through the tree as in every tree", () => {
  const { rows } = outline(SHOP, "", new Set(["orders"]));
  const means = (key: string, focused: string) => keyMeans(rows, focused, key);
  assert.deepEqual(means("ArrowDown", "section Tables"), { focus: "table orders" });
  assert.deepEqual(means("ArrowRight", "table orders"), { focus: "column orders id" });
  assert.deepEqual(means("ArrowRight", "table people"), "turn");
  assert.deepEqual(means("ArrowLeft", "column orders price"), { focus: "table orders" });
  assert.deepEqual(means("ArrowLeft", "table orders"), "turn");
  assert.deepEqual(means("ArrowLeft", "table people"), { focus: "section Tables" });
  assert.deepEqual(means("End", "section Tables"), { focus: "file notes.csv" });
  assert.equal(means("ArrowDown", "file notes.csv"), null);
  assert.equal(means("ArrowUp", "section Tables"), null);
  assert.equal(means("x", "table orders"), null);
});

test("what would be too many rows is counted, not drawn", () => {
  const tables = Array.from({ length: MOST_ROWS + 10 }, (_, at) => table(`t${at}`, ["a"]));
  const { rows, more } = outline({ tables, files: [] }, "", NONE);
  assert.equal(rows.length, MOST_ROWS);
  assert.equal(more, 12);
});
