import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, columnKey, instead, kept, originOf, overrides, settingsOf, valueOf, without, withoutAll } from "../src/recipe.ts";
import { fieldsOf, optionsOf, sureness, wordOf, wordsOf, wordsText } from "../src/reviewfields.ts";
import { decodeView, encodeView, START } from "../src/state.ts";

const FOUND = { version: 1, format: "csv", compression: "none", encoding: "utf-8", delimiter: ",", quote: '"', header: true, skip: 0, null_words: ["", "NA"], date_format: null, columns: { id: "BIGINT", "Preis (€)": { type: "DECIMAL(10,2)", decimal: "," } } };

test("only what was set is sent", () => {
  const settings = changed(changed(new Map(), "delimiter", ";"), columnKey("id"), "VARCHAR");
  assert.deepEqual(overrides(settings), { delimiter: ";", columns: { id: "VARCHAR" } });
  assert.deepEqual(overrides(without(settings, columnKey("id"))), { delimiter: ";" });
  assert.deepEqual(overrides(new Map()), {});
});

test("a recipe's settings are its parts and its columns' types", () => {
  assert.deepEqual([...settingsOf({ skip: 2, columns: { "a.b": "DATE" } })], [["skip", 2], ["columns.a.b.type", "DATE"]]);
  assert.deepEqual(overrides(settingsOf({ skip: 2, columns: { "a.b": "DATE" } })), { skip: 2, columns: { "a.b": "DATE" } });
});

test("values are read from the recipe, also old ways to say them", () => {
  assert.equal(valueOf(FOUND, "header"), 1);
  assert.equal(valueOf(FOUND, columnKey("id")), "BIGINT");
  assert.deepEqual(valueOf(FOUND, columnKey("Preis (€)")), { type: "DECIMAL(10,2)", decimal: "," });
  assert.equal(valueOf(FOUND, columnKey("nothing")), null);
});

test("what a table was read by and is not found by itself is kept", () => {
  const recipe = { ...FOUND, header: 1, delimiter: ";", columns: { ...FOUND.columns, id: "VARCHAR" } };
  assert.deepEqual([...kept(recipe, FOUND, false)], [["delimiter", ";"]]);
  assert.deepEqual([...kept(recipe, FOUND, true)], [[columnKey("id"), "VARCHAR"]]);
});

test("each part says where it comes from", () => {
  const before = new Map<string, unknown>([["skip", 2]]);
  assert.equal(originOf(before, before, "delimiter"), "found");
  assert.equal(originOf(before, before, "skip"), "kept");
  assert.equal(originOf(changed(before, "skip", 3), before, "skip"), "set");
});

test("another table of the file replaces what was set for columns", () => {
  const settings = new Map<string, unknown>([["decimal", ","], [columnKey("id"), "VARCHAR"]]);
  const other = instead(settings, { sheet: "Sheet 2" });
  assert.deepEqual(overrides(other), { decimal: ",", sheet: "Sheet 2" });
  assert.deepEqual(overrides(withoutAll(other, { sheet: "Sheet 2" })), { decimal: "," });
});

test("a form has the parts that the recipe has", () => {
  assert.deepEqual(fieldsOf(FOUND).map((field) => field.key), ["encoding", "delimiter", "quote", "header", "skip", "date_format", "null_words"]);
  assert.deepEqual(fieldsOf({ format: "parquet", columns: {} }), []);
});

test("values are said in words", () => {
  assert.equal(wordOf("delimiter", "\t"), "tab");
  assert.equal(wordOf("header", 2), "the first two rows");
  assert.equal(wordOf("null_words", { delay: ["", "NA"], air: ["", "NA", "-"] }), "NA, -");
  assert.equal(wordOf("date_format", "%d.%m.%Y"), "day.month.year");
  assert.equal(wordOf("date_format", null), "year-month-day");
  assert.equal(wordOf("encoding", "cp1252"), "Western (Windows 1252)");
  assert.equal(wordOf("thousands", null), "none");
  assert.equal(wordOf("columns.a.type", "DECIMAL(10,2)"), "exact decimal(10,2)");
  assert.equal(wordOf("columns.a.type", { type: "DATE", format: "%d/%m/%Y" }), "date, day/month/year");
  assert.equal(wordOf("columns.a.type", "DATE", { date_format: "%m/%d/%Y" }), "date, month/day/year");
  assert.equal(sureness(0.619), "61 % sure");
  assert.equal(sureness(1), "");
});

test("a choice offers what is there, what was found and the usual, each once", () => {
  const [decimal] = fieldsOf({ decimal: "." });
  assert.ok(decimal);
  assert.deepEqual(optionsOf(decimal, "·", ",", undefined), ["·", ",", null, "."]);
});

test("words for nothing are typed with commas between them", () => {
  assert.deepEqual(wordsOf(" NA, n/a ,NA,"), ["", "NA", "n/a"]);
  assert.equal(wordsText(["", "NA", "-"]), "NA, -");
});

test("the address brings a review back, and nothing strange in its place", () => {
  assert.deepEqual(decodeView(encodeView({ ...START, table: "t", review: "table" })), { table: "t", review: "table" });
  assert.equal(decodeView("#review=../../x").review, undefined);
});
