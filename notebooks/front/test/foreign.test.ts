import assert from "node:assert/strict";
import { test } from "node:test";

import { tableNameOf } from "../src/foreignapi.ts";

test("a table takes the name that it has there, in the form that names have here", () => {
  const named = (table: string) => tableNameOf({ connection: "crm", table });
  assert.equal(named("orders"), "orders");
  assert.equal(named("public.orders"), "orders");
  assert.equal(named('"Sales 2026"."Net Amount"'), "net_amount");
  assert.equal(named('"2026"'), "t_2026");
  assert.equal(tableNameOf({ connection: "crm", query: "SELECT 1" }), "query");
});
