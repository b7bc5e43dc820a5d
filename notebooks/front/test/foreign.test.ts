import assert from "node:assert/strict";
import { test } from "node:test";

import { originOf, tableNameOf } from "../src/foreignapi.ts";

test("a table takes the name that it has there, in the form that names have here", () => {
  const named = (table: string) => tableNameOf({ connection: "crm", table });
  assert.equal(named("orders"), "orders");
  assert.equal(named("public.orders"), "orders");
  assert.equal(named('"Sales 2026"."Net Amount"'), "net_amount");
  assert.equal(named('"2026"'), "t_2026");
  assert.equal(tableNameOf({ connection: "crm", query: "SELECT 1" }), "query");
});

test("what was read from a database can be read again, and nothing else", () => {
  const table = (recipe: Record<string, unknown> | null) => ({ source: { file: "x.parquet", recipe } }) as unknown as Parameters<typeof originOf>[0];
  const note = { kind: "postgres", connection: "crm", taken_at: "2026-01-01T00:00:00Z" };
  assert.deepEqual(originOf(table({ source: { ...note, table: "public.orders" } })), { connection: "crm", table: "public.orders" });
  assert.deepEqual(originOf(table({ source: { ...note, query: "SELECT %(n)s", params: { n: 1 } } })), { connection: "crm", query: "SELECT %(n)s", params: { n: 1 } });
  for (const other of [null, {}, { source: null }, { source: { connection: "crm" } }, { source: { table: "x" } }]) assert.equal(originOf(table(other)), null);
  assert.equal(originOf({ source: null } as unknown as Parameters<typeof originOf>[0]), null);
});
