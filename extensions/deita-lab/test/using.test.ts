import assert from "node:assert/strict";
import { test } from "node:test";

import { cellsBelow } from "../src/using.ts";

const notebook = ["SELECT $minutes", "%slider minutes = 60 from 0 to 240\nSELECT $minutes", "SELECT 1", "SELECT $Minutes AS m", "SELECT $minutes_more", "INSERT INTO late SELECT $minutes", "SELECT $minutes, updated FROM t"];

test("a moved control runs the cells below it that read its value, and none that may change data", () => {
  assert.deepEqual(cellsBelow(notebook, "minutes"), [3, 6]);
  assert.deepEqual(cellsBelow(notebook, "hours"), []);
  assert.deepEqual(cellsBelow(["%choose $item = tea", "SELECT $item", "%choose item = x\nSELECT $item"], "item"), [1]);
  assert.deepEqual(cellsBelow(notebook, "("), []);
});
