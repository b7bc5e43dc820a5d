import assert from "node:assert/strict";
import { test } from "node:test";

import { CursorPages } from "../src/pages.ts";
import type { Page } from "../src/shapes.ts";

const columns = [{ name: "n", type: "INTEGER" }];

/** Rows 0…total-1 behind opaque cursors; notes what was asked. */
function server(total: number): { asked: (string | undefined)[]; fetch: (cursor: string | undefined, limit: number) => Promise<Page> } {
  const asked: (string | undefined)[] = [];
  const fetch = async (cursor: string | undefined, limit: number) => {
    asked.push(cursor);
    const from = cursor ? Number(cursor.slice(1)) : 0;
    const rows = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, i) => [from + i]);
    return { columns, rows, row_count: total, next: from + limit < total ? `c${from + limit}` : null };
  };
  return { asked, fetch };
}

const signal = new AbortController().signal;

test("pages go forward and back", async () => {
  const { fetch, asked } = server(250);
  const pages = new CursorPages(fetch, 100);
  assert.deepEqual([(await pages.page(0, signal)).offset, (await pages.page(1, signal)).rows[0], (await pages.page(2, signal)).last], [0, [100], true]);
  assert.deepEqual((await pages.page(0, signal)).rows[0], [0]);
  assert.deepEqual(asked, [undefined, "c100", "c200", undefined]);
});

test("the rows that came with the query are not asked for again", async () => {
  const { fetch, asked } = server(2500);
  const seed = await server(2500).fetch(undefined, 1000);
  const pages = new CursorPages(fetch, 100, seed);
  assert.deepEqual((await pages.page(9, signal)).rows[0], [900]);
  assert.deepEqual(asked, []);
  assert.deepEqual((await pages.page(10, signal)).rows[0], [1000]);
  assert.deepEqual((await pages.page(12, signal)).rows[0], [1200]);
  assert.deepEqual(asked, ["c1000", "c1100", "c1200"]);
});

test("a table that became shorter ends at its last page", async () => {
  const { fetch } = server(150);
  const slice = await new CursorPages(fetch, 100).page(5, signal);
  assert.deepEqual([slice.offset, slice.rows.length, slice.last], [100, 50, true]);
});

test("a short result is one page", async () => {
  const seed = await server(3).fetch(undefined, 1000);
  const slice = await new CursorPages(server(3).fetch, 100, seed).page(0, signal);
  assert.deepEqual([slice.rows.length, slice.last, slice.total], [3, true, 3]);
});
