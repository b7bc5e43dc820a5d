/** The tree: a roving focus, keys, and a drag for each name. */

import { fill, h } from "@deita/front/dom.ts";
import { counted } from "@deita/front/format.ts";
import { leaf, tabStop, type LeafEvents } from "./leaf.ts";
import { keyMeans, nameInSql, outline, type Contents, type Row } from "./outline.ts";

const BONES = [72, 63, 54, 45, 36];

export interface TreeEvents extends LeafEvents {
  /** The row's main act: a table is shown, a column's name inserted. */
  choose: (row: Row) => void;
}

export interface Shown extends Contents {
  filter: string;
  writable: boolean;
  /** Names of files that are being read into tables. */
  reading: Set<string>;
}

export class Tree {
  readonly element: HTMLElement;
  private readonly events: TreeEvents;
  private readonly list = h("div", { role: "tree", "aria-label": "Tables and files of the workspace", "aria-busy": "true" });
  private readonly note = h("p", { class: "d-hint", role: "status" });
  private readonly turned = new Set<string>();
  private shown: Shown | null = null;
  private rows: Row[] = [];
  private focused = "";

  constructor(events: TreeEvents) {
    this.events = events;
    this.element = h("div", {}, this.list, this.note);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => this.focusOn(this.rowAt(event.target as Element)));
    this.list.addEventListener("dragstart", (event) => this.drag(event));
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("dblclick", (event) => this.doubleClick(event));
    fill(this.list, ...BONES.map((width) => h("div", { class: "d-leaf", "data-level": 2 }, h("i", { class: "d-bone", style: { width: `${width}%` } }))));
  }

  show(shown: Shown): void {
    const { rows, more } = outline(shown, shown.filter, this.turned);
    const held = this.list.contains(document.activeElement) ? document.activeElement : null;
    this.shown = shown;
    this.rows = rows;
    if (!rows.some(({ key }) => key === this.focused)) this.focused = rows[0]?.key ?? "";
    this.list.removeAttribute("aria-busy");
    fill(this.list, ...rows.map((row) => leaf(row, { focused: row.key === this.focused, writable: shown.writable, reading: row.kind === "file" && shown.reading.has(row.file.name) }, this.events)));
    const none = shown.filter.trim() !== "" && rows.every(({ level }) => level === 1);
    this.note.textContent = none ? "Nothing has this in its name." : more ? `${counted(more, "more row")}: type above to find them.` : "";
    if (held) this.refocus(held);
  }

  /** Gives the focus to what stands now where `held` stood: a row, or one of its buttons. */
  private refocus(held: Element): void {
    const row = this.node(this.focused);
    row?.focus({ preventScroll: true }); // also before a button's turn: the buttons of other rows cannot be seen
    const buttons = [...(row?.querySelectorAll("button") ?? [])];
    if (held.matches("button")) buttons.find(({ ariaLabel }) => ariaLabel === held.ariaLabel)?.focus({ preventScroll: true });
  }

  /** The row that a node of the page lies in. */
  rowAt(node: Element): Row | null {
    const key = node.closest<HTMLElement>("[data-key]")?.dataset["key"];
    return this.rows.find((row) => row.key === key) ?? null;
  }

  focus(): void {
    this.node(this.focused)?.focus();
  }

  private click(event: MouseEvent): void {
    const target = event.target as Element;
    const row = this.rowAt(target);
    if (!row || target.closest("button")) return;
    this.node(row.key)?.focus();
    if (row.kind === "section" || target.closest(".d-twist")) this.turn(row);
    else if (row.kind !== "column") this.events.choose(row);
  }

  private doubleClick(event: MouseEvent): void {
    const target = event.target as Element;
    const row = this.rowAt(target);
    if (row?.kind === "column" && !target.closest("button")) this.events.choose(row);
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as Element;
    const row = this.rowAt(target);
    if (!row || event.altKey || event.ctrlKey || event.metaKey || target.closest("button")) return;
    const chosen = event.key === "Enter" || event.key === " ";
    const meant = chosen ? "turn" : keyMeans(this.rows, row.key, event.key);
    if (!meant) return;
    event.preventDefault();
    event.stopPropagation();
    if (meant !== "turn") this.node(meant.focus)?.focus();
    else if (chosen && row.kind !== "section") this.events.choose(row);
    else this.turn(row);
  }

  private turn({ turn }: Row): void {
    if (!this.turned.delete(turn)) this.turned.add(turn);
    if (this.shown) this.show(this.shown);
  }

  private focusOn(row: Row | null): void {
    if (!row || row.key === this.focused) return;
    const [before, now] = [this.node(this.focused), this.node(row.key)];
    if (before) tabStop(before, false);
    if (now) tabStop(now, true);
    this.focused = row.key;
  }

  private drag(event: DragEvent): void {
    const row = this.rowAt(event.target as Element);
    const name = row && nameInSql(row);
    if (!name || !event.dataTransfer) return event.preventDefault();
    event.dataTransfer.setData("text/plain", name);
    event.dataTransfer.effectAllowed = "copy";
  }

  private node(key: string): HTMLElement | null {
    return this.list.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  }
}
