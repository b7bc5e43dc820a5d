/** The grid: a table with a sticky header and a roving focus. It draws one page and knows nothing of where rows come from. */

import { fill, h, icon } from "./dom.ts";
import { cell, count, kindOf, typeWord, type Kind } from "./format.ts";
import { glance } from "./glance.ts";
import { summary } from "./profiles.ts";
import type { Column, ColumnProfile, Row } from "./shapes.ts";
import type { Slice } from "./pages.ts";

const HOVER = 2000;
const SKELETON_ROWS = 12;

export interface GridEvents {
  sort?: (order: string) => void;
  /** The focus left the page at its top (-1) or bottom (1). */
  edge?: (direction: -1 | 1) => void;
}

/** The next state of a header that is clicked: ascending, descending, as stored. */
export function nextOrder(order: string, column: string): string {
  if (order === column) return `-${column}`;
  return order === `-${column}` ? "" : column;
}

export class Grid {
  readonly element: HTMLElement;
  private readonly events: GridEvents;
  private kinds: Kind[] = [];
  private body: HTMLTableSectionElement | null = null;
  private focus = { row: 0, column: 0 };
  private readonly glances: boolean;
  private profiles: ReadonlyMap<string, ColumnProfile> = new Map();

  /** With `glances`, the header keeps a place for what `glance` brings. */
  constructor(label: string, events: GridEvents = {}, glances = false) {
    this.events = events;
    this.glances = glances;
    this.element = h("div", { class: glances ? "d-grid d-with-glances" : "d-grid", role: "region", "aria-label": label, tabindex: "-1" });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("copy", (event) => this.copy(event));
  }

  /** Grey bars in the shape of the table that is on its way. */
  skeleton(columns: number = 6): void {
    const row = () => h("tr", {}, ...Array.from({ length: columns }, (_, i) => h("td", {}, h("i", { class: "d-bone", style: { width: `${45 + ((i * 37) % 45)}%` } }))));
    this.body = null;
    this.element.setAttribute("aria-busy", "true");
    fill(this.element, h("table", { class: "d-skeleton", "aria-hidden": "true" }, h("thead", {}, h("tr", {}, ...Array.from({ length: columns }, () => h("th", {}, h("i", { class: "d-bone" }))))), h("tbody", {}, ...Array.from({ length: SKELETON_ROWS }, row))));
  }

  /** Something else than rows: an error, or what to do while there are none. */
  message(...children: Node[]): void {
    this.body = null;
    this.element.removeAttribute("aria-busy");
    fill(this.element, h("div", { class: "d-message" }, ...children));
  }

  busy(on: boolean): void {
    this.element.toggleAttribute("aria-busy", on);
  }

  /** Marks rows that are not the answer to what was asked last. */
  stale(on: boolean): void {
    this.element.classList.toggle("d-stale", on);
  }

  show(slice: Slice, order = ""): void {
    const { columns, rows, offset, total } = slice;
    this.stale(false);
    this.kinds = columns.map((column) => kindOf(column.type));
    this.element.removeAttribute("aria-busy");
    this.body = h("tbody", {}, ...rows.map((row, i) => this.row(row, columns, offset + i)));
    const table = h("table", { role: "grid", "aria-rowcount": total + 1, "aria-colcount": columns.length }, this.head(columns, order), this.body);
    fill(this.element, table, rows.length === 0 ? h("div", { class: "d-message d-muted" }, "No rows.") : null);
    this.focus = { row: 0, column: Math.min(this.focus.column, Math.max(0, columns.length - 1)) };
    this.cellAt(0, this.focus.column)?.setAttribute("tabindex", "0");
  }

  /** What each column holds, for the header; none empties it. */
  glance(columns: ColumnProfile[]): void {
    this.profiles = new Map(columns.map((column) => [column.name, column]));
    for (const header of this.headers()) this.fillGlance(header);
  }

  private fillGlance(header: HTMLElement): void {
    const profile = this.profiles.get(header.dataset["column"] ?? "");
    header.querySelector(".d-glance")?.replaceWith(glance(profile));
    const inner = header.firstElementChild as HTMLElement | null;
    if (inner && profile) inner.title = `${inner.title.split("\n")[0]}\n${summary(profile)}${this.events.sort ? "\nClick to sort" : ""}`;
  }

  private headers(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("th[data-column]")];
  }

  scrollToColumn(name: string): void {
    const header = this.headers().find((th) => th.dataset["column"] === name);
    if (!header) return;
    const pinned = this.element.querySelector<HTMLElement>("th.d-rownumber")?.offsetWidth ?? 0;
    this.element.scrollLeft = Math.max(0, header.offsetLeft - pinned - 24);
    header.classList.add("d-flash");
    header.addEventListener("animationend", () => header.classList.remove("d-flash"), { once: true });
  }

  scrollToTop(): void {
    this.element.scrollTop = 0;
  }

  focusRow(row: "first" | "last"): void {
    const rows = this.body?.rows.length ?? 0;
    this.moveTo(row === "first" ? 0 : rows - 1, this.focus.column);
  }

  private head(columns: Column[], order: string): HTMLTableSectionElement {
    const cells = columns.map((column, i) => this.headCell(column, this.kinds[i] ?? "text", order));
    return h("thead", {}, h("tr", { "aria-rowindex": 1 }, h("th", { class: "d-rownumber", "aria-label": "Row" }), ...cells));
  }

  private headCell(column: Column, kind: Kind, order: string): HTMLElement {
    const direction = order === column.name ? "ascending" : order === `-${column.name}` ? "descending" : undefined;
    const original = column.label && column.label !== column.name ? `“${column.label}” in the file · ` : "";
    const title = `${column.name} · ${original}${column.type}${column.comment ? ` · ${column.comment}` : ""}`;
    const text = [
      h("span", { class: "d-column" }, column.name, direction ? icon(direction === "ascending" ? "up" : "descend") : null),
      h("span", { class: "d-type" }, typeWord(column.type)),
      this.glances ? glance(undefined) : null,
    ];
    const { sort } = this.events;
    const inner = sort ? h("button", { type: "button", title: `${title}\nClick to sort`, on: { click: () => sort(nextOrder(order, column.name)) } }, ...text) : h("div", { title }, ...text);
    const header = h("th", { scope: "col", "data-column": column.name, "data-kind": kind, "aria-sort": direction }, inner);
    if (this.glances) this.fillGlance(header);
    return header;
  }

  private row(row: Row, columns: Column[], index: number): HTMLTableRowElement {
    const cells = columns.map((column, i) => this.cell(row[i], this.kinds[i] ?? "text", column.name));
    return h("tr", { "aria-rowindex": index + 2 }, h("th", { class: "d-rownumber", scope: "row" }, count(index + 1)), ...cells);
  }

  private cell(value: unknown, kind: Kind, column: string): HTMLElement {
    const { text, whole, isNull } = cell(value, kind, column);
    const title = !isNull && text.length > 24 ? (whole.length > HOVER ? `${whole.slice(0, HOVER)}…` : whole) : undefined;
    const node = h("td", { role: "gridcell", tabindex: "-1", "data-kind": kind, class: isNull ? "d-null" : undefined, title }, text);
    if (!isNull && whole !== text) node.dataset["whole"] = whole;
    return node;
  }

  private cellAt(row: number, column: number): HTMLElement | null {
    return this.body?.rows[row]?.cells[column + 1] ?? null;
  }

  private moveTo(row: number, column: number): void {
    const target = this.cellAt(row, column);
    if (!target) return;
    this.cellAt(this.focus.row, this.focus.column)?.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
    this.focus = { row, column };
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  private key(event: KeyboardEvent): void {
    const target = (event.target as HTMLElement).closest("td");
    if (!target || !this.body) return;
    const row = (target.parentElement as HTMLTableRowElement).sectionRowIndex;
    const column = target.cellIndex - 1;
    const lastRow = this.body.rows.length - 1;
    const lastColumn = this.kinds.length - 1;
    const far = event.ctrlKey || event.metaKey;
    const to: Record<string, [number, number]> = {
      ArrowUp: [far ? 0 : row - 1, column],
      ArrowDown: [far ? lastRow : row + 1, column],
      ArrowLeft: [row, far ? 0 : column - 1],
      ArrowRight: [row, far ? lastColumn : column + 1],
      Home: [far ? 0 : row, 0],
      End: [far ? lastRow : row, lastColumn],
      PageUp: [Math.max(0, row - 10), column],
      PageDown: [Math.min(lastRow, row + 10), column],
    };
    const move = to[event.key];
    if (!move) return;
    event.preventDefault();
    this.focus = { row, column };
    if (move[0] < 0 || move[0] > lastRow) this.events.edge?.(move[0] < 0 ? -1 : 1);
    else this.moveTo(move[0], Math.max(0, Math.min(lastColumn, move[1])));
  }

  /** Ctrl-C on a focused cell takes the whole value, cut or not; a selection is copied as the browser does. */
  private copy(event: ClipboardEvent): void {
    const target = (event.target as HTMLElement).closest("td");
    if (!target || getSelection()?.toString() || !event.clipboardData) return;
    event.clipboardData.setData("text/plain", target.dataset["whole"] ?? (target.classList.contains("d-null") ? "" : (target.textContent ?? "")));
    event.preventDefault();
  }
}
