import assert from "node:assert/strict";
import { test } from "node:test";

import { filterOf, filterWords, operatorsFor } from "../src/filters.ts";
import { START, decodeView, encodeView } from "../src/state.ts";

test("a filter is written as the API takes it and read in words", () => {
  assert.equal(filterOf("dep_delay", "gt", "60"), "dep_delay:gt:60");
  assert.equal(filterOf("name", "like", "air"), "name:like:%air%");
  assert.equal(filterOf("tail", "null", "ignored"), "tail:null");
  const words = ["dep_delay:gt:60", "name:like:%air%", "tail:null", "t:eq:12:30:00", "t:eq:", "nonsense"].map(filterWords);
  assert.deepEqual(words, ["dep_delay > 60", "name contains air", "tail is missing", "t is 12:30:00", "t is (empty text)", "nonsense"]);
});

test("a type has the operators that mean something for it", () => {
  assert.ok(operatorsFor("DECIMAL(10,2)").includes("ge") && !operatorsFor("BIGINT").includes("like"));
  assert.ok(operatorsFor("VARCHAR").includes("like") && !operatorsFor("VARCHAR").includes("lt"));
  assert.deepEqual(operatorsFor("STRUCT(a INTEGER)"), ["null", "notnull"]);
});

test("filters survive the address", () => {
  const view = { ...START, table: "t", filters: ["a:eq:1 & 2", "b:null"] };
  assert.deepEqual({ ...START, ...decodeView(`#${encodeView(view)}`) }, view);
});
