import assert from "node:assert/strict";
import { test } from "node:test";

import { layout, leads, nodeWords } from "../src/lineagegraph.ts";
import type { Lineage, LineageNode } from "../src/shapes.ts";

const node = (id: string, kind: LineageNode["kind"], more: Partial<LineageNode> = {}): LineageNode => ({ id, kind, name: id, version: null, operation: null, key: null, rows: null, created_by: null, ...more });
const lineage: Lineage = {
  of: "t2",
  nodes: [node("t2", "table", { version: 2, rows: 1200, operation: "append" }), node("f", "file"), node("i", "import"), node("t1", "table", { version: 1 }), node("q", "query"), node("u", "table")],
  edges: [["f", "i"], ["i", "t2"], ["t1", "t2"], ["t2", "q"], ["q", "u"], ["gone", "u"]].map(([from = "", to = ""]) => ({ from, to })),
  truncated: false,
};

test("everything stands to the right of all that it comes from, and nothing on something else", () => {
  const { nodes, edges, width, height } = layout(lineage);
  assert.equal(edges.length, 5);
  for (const { from, to } of edges) assert.ok(from.x < to.x, `${from.id} before ${to.id}`);
  assert.equal(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size, nodes.length);
  assert.ok(nodes.every(({ x, y }) => x < width && y < height));
});

test("a circle is drawn, too", () => {
  const { nodes } = layout({ ...lineage, edges: [{ from: "t1", to: "t2" }, { from: "t2", to: "t1" }] });
  assert.equal(nodes.length, lineage.nodes.length);
});

test("a node says what it is, and leads somewhere unless it is a file or an import", () => {
  assert.equal(nodeWords(lineage.nodes[0]!), "table · v2 · 1,200 rows · append");
  assert.deepEqual(lineage.nodes.filter(leads).map(({ id }) => id), ["t2", "t1", "q", "u"]);
});
