/** One row of the tree on the screen: its mark, its name, what stands at its right, and buttons for what is done most. */

import { button, h, icon, type IconName } from "@deita/front/dom.ts";
import { ago, counted, size } from "@deita/front/format.ts";
import { nameInSql, type Row } from "./outline.ts";

export interface LeafEvents {
  query: (table: string) => void;
  insert: (text: string) => void;
  makeTable: (file: string) => void;
}

export interface LeafState {
  focused: boolean;
  writable: boolean;
  /** The file is being read into a table. */
  reading: boolean;
}

export function leaf(row: Row, state: LeafState, events: LeafEvents): HTMLElement {
  const element = h(
    "div",
    {
      class: "d-leaf",
      role: "treeitem",
      "aria-level": row.level,
      "aria-posinset": row.place,
      "aria-setsize": row.siblings,
      "aria-expanded": row.open === null ? undefined : String(row.open),
      "aria-label": `${row.label}, ${spoken(row)}`,
      title: title(row),
      draggable: nameInSql(row) ? "true" : undefined,
      "data-key": row.key,
      "data-kind": row.kind,
      "data-level": row.level,
    },
    row.open === null ? null : h("span", { class: "d-twist", "aria-hidden": "true" }, icon("chevron")),
    mark(row),
    h("span", { class: "d-name" }, row.label),
    h("span", { class: "d-count" }, state.reading ? "reading…" : row.detail),
    ...actions(row, state, events),
  );
  tabStop(element, state.focused);
  return element;
}

/** Whether Tab stops at a row, and then at its buttons: it does at one row of the tree. */
export function tabStop(element: HTMLElement, on: boolean): void {
  for (const one of [element, ...element.querySelectorAll("button")]) one.tabIndex = on ? 0 : -1;
}

function mark(row: Row): HTMLElement | null {
  if (row.kind === "table") return h("span", { class: "d-mark" }, icon("table"));
  if (row.kind === "file") return h("span", { class: "d-mark" }, icon(row.table ? "check" : "file"));
  return null;
}

function actions(row: Row, { writable, reading }: LeafState, events: LeafEvents): (HTMLElement | null)[] {
  const name = nameInSql(row);
  const insert = name ? act(`Insert ${row.label}`, "insert", () => events.insert(name)) : null;
  if (row.kind === "table") return [act(`Open ${row.label} as query`, "play", () => events.query(row.table.name)), insert];
  if (row.kind === "column") return [insert];
  if (row.kind !== "file" || row.table || reading || !writable) return [];
  return [button("Make table", () => events.makeTable(row.file.name), { class: "d-button d-small", "aria-label": `Make a table of ${row.file.name}` })];
}

function act(label: string, sign: IconName, run: () => void): HTMLElement {
  return button(label, run, { icon: sign, bare: true, class: "d-button d-quiet" });
}

/** What is said of a row after its name. */
function spoken(row: Row): string {
  if (row.kind === "table") return `table, ${counted(row.table.rows, "row")}, version ${row.table.version}`;
  if (row.kind === "column") return `column, ${row.detail}`;
  if (row.kind === "file") return `file, ${row.detail}${row.table ? `, read into ${row.table.name}` : ""}`;
  return row.detail;
}

function title(row: Row): string {
  if (row.kind === "table") return `${row.label} · ${counted(row.table.rows, "row")} · ${counted(row.table.columns.length, "column")} · version ${row.table.version}, ${ago(row.table.created_at)}`;
  if (row.kind === "column") return [row.label, row.column.type, row.column.comment, "a double click inserts the name"].filter(Boolean).join(" · ");
  if (row.kind === "file") return `${row.label} · ${size(row.file.size)} · version ${row.file.version}, ${ago(row.file.created_at)} by ${row.file.created_by}${row.table ? ` · read into ${row.table.name}` : ""}`;
  return "";
}
