import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, Offline } from "../src/problems.ts";
import { UnfinishedUploads, isSameFile } from "../src/unfinished.ts";
import { isPassing } from "../src/upload.ts";

const ONE = { id: "1", name: "sales-2.csv", file: "sales.csv", size: 10, modified: 7, replace: false };

function storage(): Pick<Storage, "getItem" | "setItem"> {
  const held = new Map<string, string>();
  return { getItem: (key) => held.get(key) ?? null, setItem: (key, value) => void held.set(key, value) };
}

test("an unfinished upload is remembered until it is forgotten, and in its workspace only", () => {
  const shared = storage();
  const shop = new UnfinishedUploads("/user/me/shop", shared);
  shop.remember(ONE);
  shop.remember({ ...ONE, size: 11 });
  assert.deepEqual(shop.all(), [{ ...ONE, size: 11 }]);
  assert.deepEqual(new UnfinishedUploads("/user/me/other", shared).all(), []);
  shop.forget("1");
  assert.deepEqual(shop.all(), []);
});

test("at most fifty are remembered, the newest", () => {
  const shop = new UnfinishedUploads("/user/me/shop", storage());
  for (let n = 0; n < 60; n++) shop.remember({ ...ONE, id: String(n) });
  assert.deepEqual([shop.all().length, shop.all()[0]?.id], [50, "10"]);
});

test("a damaged or forbidden memory offers nothing and breaks nothing", () => {
  assert.deepEqual(new UnfinishedUploads("x", { getItem: () => '[{"id": 1}, null, {', setItem: () => {} }).all(), []);
  assert.deepEqual(new UnfinishedUploads("x", { getItem: () => '[{"id": 1}, null]', setItem: () => {} }).all(), []);
  const full = new UnfinishedUploads("x", { getItem: () => null, setItem: () => { throw new Error("full"); } });
  full.remember(ONE);
  new UnfinishedUploads("x", null).remember(ONE);
});

test("the same file is told by its name here, its size and its time", () => {
  assert.ok(isSameFile(ONE, { name: "sales.csv", size: 10, lastModified: 7 }));
  assert.ok(!isSameFile(ONE, { name: "sales.csv", size: 11, lastModified: 7 }));
  assert.ok(!isSameFile(ONE, { name: "sales.csv", size: 10, lastModified: 8 }));
});

test("what may be different in a moment is tried again, what a person must decide is not", () => {
  const answer = (status: number, code: string) => isPassing(new ApiError(status, { code, message: "" }));
  assert.ok(isPassing(new Offline()));
  assert.ok(answer(503, "workspace_busy") && answer(423, "upload_locked") && answer(409, "offset_mismatch"));
  assert.ok(!answer(409, "file_exists") && !answer(413, "quota_exceeded") && !answer(503, "server_stopped"));
});
