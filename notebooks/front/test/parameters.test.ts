import assert from "node:assert/strict";
import { test } from "node:test";

import { declared } from "../src/parameterfields.ts";
import { BadValue, fieldKind, mayHave, merged, nearestType, textOf, valueOf } from "../src/parameters.ts";
import type { Parameter } from "../src/shapes.ts";
import { START, decodeView, encodeView } from "../src/state.ts";

const parameter = (type: string, more: Partial<Parameter> = {}): Parameter => ({ name: "x", type, default: null, required: true, choices: null, description: "", ...more });

test("a field has the look of its type", () => {
  assert.deepEqual(["DATE", "TIMESTAMP", "BOOLEAN", "DECIMAL(10,2)", "VARCHAR", "DATE[]"].map(fieldKind), ["date", "time", "yes", "number", "text", "list"]);
});

test("what is typed in becomes a value, numbers with all their digits", () => {
  assert.equal(valueOf(parameter("BIGINT"), " 9007199254740993 "), "9007199254740993");
  assert.equal(valueOf(parameter("BOOLEAN"), "false"), false);
  assert.equal(valueOf(parameter("VARCHAR"), " a b"), " a b");
  assert.deepEqual(valueOf(parameter("BIGINT[]"), "1, 2"), ["1", "2"]);
  assert.throws(() => valueOf(parameter("DOUBLE"), "many"), BadValue);
});

test("nothing is the default, null, or refused", () => {
  assert.equal(valueOf(parameter("DATE", { default: "2025-01-01", required: false }), ""), "2025-01-01");
  assert.equal(valueOf(parameter("DATE", { required: false }), undefined), null);
  assert.throws(() => valueOf(parameter("VARCHAR"), "  "), /Give x a value/);
});

test("found parameters take what is declared of them", () => {
  const [known, found] = merged([{ name: "Day", type: null }, { name: "n", type: "HUGEINT" }], [parameter("DATE", { name: "day" })]);
  assert.deepEqual([known?.type, found?.type, found?.required], ["DATE", "BIGINT", true]);
  assert.deepEqual(merged([{ name: "A", type: null }, { name: "a", type: null }], []).map(({ name }) => name), ["A"]);
  assert.deepEqual([null, "TIMESTAMP WITH TIME ZONE", "FLOAT[]", "STRUCT(a INTEGER)"].map(nearestType), ["VARCHAR", "TIMESTAMP", "DOUBLE[]", "VARCHAR"]);
});

test("only a sign before a name may be a parameter", () => {
  assert.deepEqual(["select $day", "select 5 $", "select $1", "select 1"].map(mayHave), [true, false, false, false]);
});

test("values are shown as they are typed", () => {
  assert.deepEqual([textOf(null), textOf([1, "a"]), textOf(false)], ["", "1, a", "false"]);
});

test("the address names the saved query, and its statement only when it is edited", () => {
  const opened = { ...START, mode: "sql", saved: "late-flights", sql: "select $n", savedSql: "select $n", params: { n: "5" } } as const;
  assert.deepEqual(decodeView(encodeView(opened)), { mode: "sql", saved: "late-flights", params: { n: "5" } });
  assert.equal(decodeView(encodeView({ ...opened, sql: "select 2" })).sql, "select 2");
  assert.deepEqual(decodeView('#saved=../x&params={"n":5}'), {});
});

test("a parameter gets another type or choices, and keeps a default that is one of them", () => {
  const one = { name: "n", type: "VARCHAR", default: "tea", description: "what" };
  assert.deepEqual(declared(one, "VARCHAR", "tea, coffee"), { ...one, choices: ["tea", "coffee"] });
  assert.deepEqual(declared(one, "VARCHAR", "coffee"), { name: "n", type: "VARCHAR", description: "what", choices: ["coffee"], required: true });
  assert.deepEqual(declared({ ...one, choices: ["tea"] }, "VARCHAR", " "), one);
  assert.deepEqual(declared(one, "INTEGER[]", "1, 2"), { name: "n", type: "INTEGER[]", description: "what", choices: ["1", "2"], required: true });
  assert.throws(() => declared(one, "INTEGER", "1, two"), BadValue);
});
