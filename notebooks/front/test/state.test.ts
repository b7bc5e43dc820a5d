import assert from "node:assert/strict";
import { test } from "node:test";

import { cookie, sameOriginPath } from "../src/api.ts";
import { nextOrder } from "../src/grid.ts";
import { freeFileName, freeTableName } from "../src/names.ts";
import { problemFrom } from "../src/problems.ts";
import { score } from "../src/search.ts";
import { START, Store, decodeView, encodeView } from "../src/state.ts";
import { RateMeter } from "../src/upload.ts";

test("a view survives the address", () => {
  const chart = { mark: "line", x: "a b", y: "ü", aggregate: "sum", color: "" } as const;
  const view = { ...START, table: "été & co", version: 3, mode: "chart", sql: "select 1 -- #", order: "-x", chart, of: "query" } as const;
  assert.deepEqual({ ...START, ...decodeView(`#${encodeView(view)}`) }, view);
});

test("a damaged address falls back to the start", () => {
  assert.deepEqual(decodeView("#mode=nonsense&chart={&version=-1"), {});
  assert.deepEqual(decodeView('#chart={"mark":"pie","x":"a"}'), {});
});

test("SQL too long for an address is left out", () => {
  assert.equal(encodeView({ ...START, sql: "x".repeat(9000) }), "");
});

test("a store tells of changes only", () => {
  const store = new Store();
  let told = 0;
  store.subscribe(() => told++);
  store.set({ table: "a" });
  store.set({ table: "a" });
  assert.equal(told, 1);
});

test("another site's address is refused as the workspace's", () => {
  assert.equal(sameOriginPath("/user/me/shop/deita/api/v1/", "http://a"), "/user/me/shop/deita/api/v1");
  for (const evil of ["http://b/x", "//b/x", "\\\\b/x"]) assert.throws(() => sameOriginPath(evil, "http://a"));
});

test("the cookie of the longest path counts", () => {
  assert.equal(cookie("_xsrf", "a=1; _xsrf=own%7C2; _xsrf=hub"), "own|2");
  assert.equal(cookie("_xsrf", "x_xsrf=1"), null);
});

test("free names count up", () => {
  assert.equal(freeFileName("sales.csv", ["sales.csv"]), "sales-2.csv");
  assert.equal(freeFileName("sales.csv.gz", ["SALES-2.CSV.GZ"]), "sales-3.csv.gz");
  assert.equal(freeFileName("plain", []), "plain-2");
  assert.equal(freeTableName("sales", ["sales", "Sales_2"]), "sales_3");
});

test("a header is sorted up, down, and as stored", () => {
  assert.deepEqual([nextOrder("", "a"), nextOrder("a", "a"), nextOrder("-a", "a"), nextOrder("b", "a")], ["a", "-a", "", "a"]);
});

test("search prefers the beginning of words", () => {
  const scores = ["dep", "dep_time", "sched_dep_time", "xdep", "dewp", "flights"].map((name) => score(name, "dep"));
  assert.deepEqual(scores, [0, 1, 2, 3, 4, null]);
});

test("errors keep their words, strangers' answers get plain ones", () => {
  const known = problemFrom(400, { code: "query_syntax", message: "No.", details: { line: 2, column: 3 } });
  assert.deepEqual([known.code, known.message, known.position], ["query_syntax", "No.", { line: 2, column: 3 }]);
  assert.equal(problemFrom(502, "<html>").message, "The server could not do this (502).");
});

test("the rate is that of the last seconds", () => {
  const meter = new RateMeter();
  meter.add(0, 0);
  meter.add(1_000_000, 1000);
  assert.equal(meter.rate, 1_000_000);
  assert.equal(meter.left(3_000_000), 2000);
});
