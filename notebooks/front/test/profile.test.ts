import assert from "node:assert/strict";
import { test } from "node:test";

import type { Api } from "../src/api.ts";
import { counts } from "../src/glance.ts";
import { rowsWith } from "../src/profilepane.ts";
import { Profiles, distinctWords, percent, summary } from "../src/profiles.ts";
import type { ColumnProfile, Profile, Version } from "../src/shapes.ts";
import { columnWords, made, rowWords } from "../src/versions.ts";

const column: ColumnProfile = { name: "dep_delay", type: "BIGINT", count: 328_521, nulls: 8_255, distinct: 527, distinct_is_approximate: false, min: -43, max: 1301, mean: 12.6, quantiles: { "0.25": -5, "0.5": -2, "0.75": 11 }, top: [{ value: -5, count: 24_821 }], histogram: [] };
const version: Version = { version: 2, operation: "create", rows: 3, row_change: null, column_changes: [], reject_count: 0, restored_version: null, created_at: "2026-11-25T00:00:00Z", created_by: "ana", message: "", source: { file: "sales.csv" } };

test("a share is never 0 for what is there, nor 100 for what is not all", () => {
  assert.deepEqual([percent(0, 9), percent(1, 100_000), percent(8_255, 336_776), percent(1, 3), percent(99_999, 100_000), percent(5, 5)], ["0%", "<0.1%", "2.5%", "33%", ">99.9%", "100%"]);
});

test("a column is told in a sentence", () => {
  assert.equal(summary(column), "527 distinct · 8,255 null (2.5%) · -43 to 1,301");
  assert.equal(distinctWords({ ...column, distinct_is_approximate: true }), "≈ 527 distinct");
});

test("the header draws the histogram, or the values where they are few", () => {
  assert.deepEqual(counts(column), []);
  assert.deepEqual(counts({ ...column, histogram: [{ from: 0, to: 1, count: 4 }, { from: 1, to: 2, count: 2 }] }), [4, 2]);
  assert.deepEqual(counts({ ...column, distinct: 2, top: [{ value: true, count: 7 }, { value: false, count: 3 }] }), [7, 3]);
});

test("a frequent value opens the statement for its rows", () => {
  const where = (type: string, value: unknown) => rowsWith("my table", { ...column, name: "X", type }, value).split("\n")[2];
  assert.equal(rowsWith("t", column, -5), "SELECT *\nFROM t\nWHERE dep_delay = -5\nLIMIT 100");
  assert.equal(where("VARCHAR", "it's"), `WHERE "X" = 'it''s'`);
  assert.equal(where("VARCHAR", "y".repeat(200)), `WHERE starts_with("X", '${"y".repeat(200)}')`);
  assert.equal(where("DATE", "2026-01-31"), `WHERE "X" = CAST('2026-01-31' AS DATE)`);
  assert.equal(where("BOOLEAN", false), `WHERE NOT "X"`);
  assert.equal(where("DOUBLE", "NaN"), `WHERE "X" = CAST('NaN' AS DOUBLE)`);
});

test("a version says what made it and what changed", () => {
  assert.equal(made(version), "Made from sales.csv");
  assert.equal(made({ ...version, operation: "restore", restored_version: 1 }), "Version 1 brought back");
  assert.equal(made({ ...version, operation: "write", source: { receipt: { sql: "DELETE" } } }), "Changed by a query");
  assert.deepEqual([rowWords(1), rowWords(-1200), rowWords(0), rowWords(null)], ["1 row more", "1,200 rows fewer", "", ""]);
  const changes = [{ name: "a", change: "added", before: null, after: "INTEGER" }, { name: "b", change: "removed", before: "DATE", after: null }] as const;
  assert.equal(columnWords({ ...version, column_changes: [...changes] }), "a added · b removed");
});

test("a profile is asked for once, and given up when another is wanted", async () => {
  const asked: [string, AbortSignal | undefined][] = [];
  const api = {
    profile: (table: string, _: number, signal?: AbortSignal) => {
      asked.push([table, signal]);
      return new Promise<Profile>((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
        if (table === "quick") resolve({ table, version: 1, rows: 0, columns: [] });
      });
    },
  } as unknown as Api;
  const profiles = new Profiles(api);
  const slow = profiles.get("slow", 1);
  const both = Promise.all([profiles.get("quick", 1), profiles.get("quick", 1)]);
  await assert.rejects(slow);
  await both;
  await profiles.get("quick", 1);
  assert.deepEqual(asked.map(([table, signal]) => [table, signal?.aborted]), [["slow", true], ["quick", false]]);
});
