import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, cell, duration, group, identifier, kindOf, plain, size, typeWord } from "../src/format.ts";

test("thousands are separated in the whole part only", () => {
  assert.equal(group("336776"), "336,776");
  assert.equal(group("-1234567.891011"), "-1,234,567.891011");
  assert.equal(group("12345678901234567890123"), "12,345,678,901,234,567,890,123");
  assert.equal(group("1e21"), "1e21");
});

test("a year names a thing and gets no separator", () => {
  assert.equal(cell(2013, "number", "year").text, "2013");
  assert.equal(cell(2013, "number", "seats").text, "2,013");
  assert.equal(cell(10001, "number", "zip_code").text, "10001");
});

test("null, texts, dates and nested values are told apart", () => {
  assert.deepEqual(cell(null, "number"), { text: "null", whole: "", isNull: true });
  assert.equal(cell("null", "text").isNull, false);
  assert.equal(cell("2013-01-01T05:00:00", "date").text, "2013-01-01 05:00:00");
  assert.equal(cell({ a: [1, 2] }, "nested").text, '{"a":[1,2]}');
  assert.equal(cell("NaN", "number").text, "NaN");
});

test("a long text is cut and its whole is kept", () => {
  const long = "x".repeat(1000);
  const shown = cell(long, "text");
  assert.equal(shown.text.length, 401);
  assert.equal(shown.whole, long);
});

test("types have kinds and plain words", () => {
  assert.deepEqual(["BIGINT", "DECIMAL(10,2)", "VARCHAR", "TIMESTAMP WITH TIME ZONE", "INTEGER[]", "BOOLEAN", "BLOB", "TIME"].map(kindOf), ["number", "number", "text", "date", "nested", "boolean", "binary", "time"]);
  assert.deepEqual(["BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN", "INTEGER[]"].map(typeWord), ["number", "decimal", "date", "date & time", "yes / no", "list"]);
});

test("sizes, durations and ages are words", () => {
  assert.deepEqual([0, 386, 31053850, 999_600].map(size), ["0 B", "386 B", "31.1 MB", "1 MB"]);
  assert.deepEqual([0.2, 44, 1234, 59_400, 125_000].map(duration), ["1 ms", "44 ms", "1.2 s", "59 s", "2 min 5 s"]);
  assert.equal(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:03:10Z")), "3 min ago");
});

test("a quote in a name cannot end the identifier", () => {
  assert.equal(identifier('a"; drop table b; --'), '"a""; drop table b; --"');
});

test("a name is quoted where SQL could not read it otherwise", () => {
  assert.deepEqual(["sales", "my sales", "Sales", "order", "left", "values", "day"].map(plain), ["sales", '"my sales"', '"Sales"', '"order"', '"left"', '"values"', "day"]);
});
