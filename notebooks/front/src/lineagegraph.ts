/** A lineage as a drawing: from left to right, each thing to the right of all that it comes from. */

import { count } from "./format.ts";
import type { Lineage, LineageNode } from "./shapes.ts";

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 168, height: 44 };
const GAP = { x: 44, y: 14 };
const MARGIN = 8;
const LETTERS = 22;
const WORDS: Record<LineageNode["kind"], string> = { file: "file", import: "import", table: "table", view: "view", query: "query", saved_query: "saved query" };

export interface Placed extends LineageNode {
  x: number;
  y: number;
}

export interface Layout {
  nodes: Placed[];
  edges: { from: Placed; to: Placed }[];
  width: number;
  height: number;
}

/** How many steps each node is away from what comes from nothing, by the longest way. */
function depths({ nodes, edges }: Lineage): Map<string, number> {
  const depth = new Map(nodes.map(({ id }) => [id, 0]));
  for (let round = 0; round < nodes.length; round++) {
    let moved = false;
    for (const { from, to } of edges) {
      const wanted = (depth.get(from) ?? 0) + 1;
      if (wanted > (depth.get(to) ?? 0) && wanted < nodes.length) {
        depth.set(to, wanted);
        moved = true;
      }
    }
    if (!moved) break;
  }
  return depth;
}

/** Where everything stands, in pixels. */
export function layout(lineage: Lineage): Layout {
  const depth = depths(lineage);
  const rows = new Map<number, number>();
  const nodes = lineage.nodes.map((node): Placed => {
    const column = depth.get(node.id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    return { ...node, x: MARGIN + column * (BOX.width + GAP.x), y: MARGIN + row * (BOX.height + GAP.y) };
  });
  const of = new Map(nodes.map((node) => [node.id, node]));
  const edges = lineage.edges.flatMap(({ from, to }) => {
    const [one, other] = [of.get(from), of.get(to)];
    return one && other ? [{ from: one, to: other }] : [];
  });
  const most = (values: number[], size: number) => Math.max(0, ...values) + size + MARGIN;
  return { nodes, edges, width: most(nodes.map(({ x }) => x), BOX.width), height: most(nodes.map(({ y }) => y), BOX.height) };
}

/** What a node is, in words: for its second line and for who does not see it. */
export function nodeWords({ kind, version, rows, operation }: LineageNode): string {
  return [WORDS[kind], version === null ? "" : `v${version}`, kind === "table" && rows !== null ? `${count(rows)} rows` : "", kind === "table" ? operation : ""].filter(Boolean).join(" · ");
}

/** Whether a node leads somewhere. */
export const leads = ({ kind }: LineageNode): boolean => ["table", "view", "query", "saved_query"].includes(kind);

function element(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** The drawing. Nodes that lead somewhere are reached by Tab, in the order of the data's way, and opened by Enter. */
export function drawn(lineage: Lineage, open: (node: LineageNode) => void): SVGElement {
  const { nodes, edges, width, height } = layout(lineage);
  const arrow = element("marker", { id: "d-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, element("path", { d: "M0 0 8 4 0 8z" }));
  const lines = edges.map(({ from, to }) => {
    const [x, y, end, below] = [from.x + BOX.width, from.y + BOX.height / 2, to.x, to.y + BOX.height / 2];
    return element("path", { class: "d-edge", d: `M${x} ${y}C${x + GAP.x / 2} ${y} ${end - GAP.x / 2} ${below} ${end} ${below}`, "marker-end": "url(#d-arrow)" });
  });
  const inOrder = [...nodes].sort((one, other) => one.x - other.x || one.y - other.y);
  const boxes = inOrder.map((node) => box(node, node.id === lineage.of, open));
  return element("svg", { class: "d-lineage", width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Lineage" }, element("defs", {}, arrow), ...lines, ...boxes);
}

function box(node: Placed, current: boolean, open: (node: LineageNode) => void): SVGElement {
  const words = nodeWords(node);
  const short = node.name.length > LETTERS ? `${node.name.slice(0, LETTERS - 1)}…` : node.name;
  const made = element(
    "g",
    { class: `d-node d-node-${node.kind}`, transform: `translate(${node.x} ${node.y})`, "data-node": `${node.kind}:${node.name}`, "aria-label": `${node.name}, ${words}`, ...(current ? { "aria-current": "true" } : {}) },
    element("title", {}, [node.name, words, node.created_by ? `by ${node.created_by}` : ""].filter(Boolean).join("\n")),
    element("rect", { width: BOX.width, height: BOX.height, rx: 6 }),
    element("text", { x: 10, y: 18, class: "d-node-name" }, short),
    element("text", { x: 10, y: 35, class: "d-node-words" }, words),
  );
  if (!leads(node)) {
    made.setAttribute("role", "img");
    return made;
  }
  made.setAttribute("role", "button");
  made.setAttribute("tabindex", "0");
  made.addEventListener("click", () => open(node));
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open(node);
  });
  return made;
}
