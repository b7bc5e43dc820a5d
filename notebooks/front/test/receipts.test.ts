import assert from "node:assert/strict";
import { test } from "node:test";

import { outcome } from "../src/history.ts";
import { originWords, verdict } from "../src/receipts.ts";

test("a repetition is told to be the same, alike, different or not compared", () => {
  assert.equal(verdict({ same_result: true, alike: true }), "Same result ✓");
  assert.match(verdict({ same_result: false, alike: true }), /^Same rows/);
  assert.match(verdict({ same_result: null, alike: null }), /^Not compared/);
  const changed_tables = [{ name: "sales", then: 1, now: 3 }, { name: "items", then: 2, now: null }];
  assert.equal(verdict({ same_result: false, alike: false, changed_tables }), "Differs · sales v1 → v3 · items v2 → v–");
});

test("an origin says what it did, when and by whom", () => {
  const origin = { version: 2, operation: "append", created_at: "2026-11-26T00:00:00Z", created_by: "ana", file: "more.csv", sha256: "ab", query_id: null };
  assert.equal(originWords(origin, Date.parse("2026-11-26T00:03:00Z")), "added to version 2 · 3 min ago by ana");
});

test("a query's outcome is its rows, or how it ended", () => {
  assert.equal(outcome({ state: "done", row_count: 1 }), "1 row");
  assert.equal(outcome({ state: "failed", row_count: 0 }), "failed");
});
