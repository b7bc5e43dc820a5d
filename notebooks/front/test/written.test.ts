import assert from "node:assert/strict";
import { test } from "node:test";

import { rowsWords, writtenWords } from "../src/written.ts";

const wrote = { table: "stock", version: 5, operation: "write", inserted: 0, updated: 0, deleted: 0 };

test("what a statement wrote is said in rows, or by what became of the table", () => {
  assert.equal(writtenWords({ ...wrote, inserted: 3, updated: 1 }), "3 rows inserted, 1 updated · stock version 5");
  assert.equal(writtenWords({ ...wrote, deleted: 1 }), "1 row deleted · stock version 5");
  assert.equal(writtenWords(wrote), "stock altered");
  assert.equal(writtenWords({ ...wrote, operation: "rename" }), "Renamed to stock");
  assert.equal(writtenWords({ ...wrote, version: null, operation: null }), "Nothing changed · stock");
  assert.equal(rowsWords({ ...wrote, inserted: null, updated: null, deleted: null }), "");
});
