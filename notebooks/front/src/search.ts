/** ⌘K: tables, files and columns by a few letters of their name. */

import { fill, h, icon, type IconName } from "./dom.ts";
import { counted } from "./format.ts";
import type { DataFile, SavedQuery, Table } from "./shapes.ts";

const SHOWN = 50;

export interface Found {
  icon: IconName;
  label: string;
  detail: string;
  open: () => void;
}

/** How well `text` answers `query`: lower is better, null does not. Whole words first, then anywhere, then letters in order. */
export function score(text: string, query: string): number | null {
  const hay = text.toLowerCase();
  const needle = query.toLowerCase().trim();
  if (!needle) return 0;
  const at = hay.indexOf(needle);
  if (at === 0) return hay.length === needle.length ? 0 : 1;
  if (at > 0) return /[\s_.-]/.test(hay[at - 1] ?? "") ? 2 : 3;
  let from = 0;
  for (const letter of needle) {
    from = hay.indexOf(letter, from) + 1;
    if (from === 0) return null;
  }
  return 4;
}

/** Everything that can be searched for, and what choosing it does. */
export function findable(lists: { tables: Table[]; files: DataFile[]; queries: SavedQuery[] }, open: { table: (name: string) => void; file: (file: DataFile) => void; query: (query: SavedQuery) => void; column: (table: string, column: string) => void }): Found[] {
  const { tables, files, queries } = lists;
  return [
    ...tables.map((table): Found => ({ icon: "table", label: table.name, detail: `table · ${counted(table.rows, "row")}`, open: () => open.table(table.name) })),
    ...files.map((file): Found => ({ icon: "file", label: file.name, detail: "file", open: () => open.file(file) })),
    ...queries.map((query): Found => ({ icon: "play", label: query.name, detail: "query", open: () => open.query(query) })),
    ...tables.flatMap((table) => table.columns.map(({ name }): Found => ({ icon: "chevron", label: name, detail: `column of ${table.name}`, open: () => open.column(table.name, name) }))),
  ];
}

export class Search {
  readonly element: HTMLDialogElement;
  private readonly input: HTMLInputElement;
  private readonly list = h("ul", { role: "listbox", id: "d-search-list", "aria-label": "Found" });
  private readonly items: () => Found[];
  private found: Found[] = [];
  private chosen = 0;

  constructor(items: () => Found[]) {
    this.items = items;
    this.input = h("input", { type: "search", placeholder: "Tables, files, queries, columns", "aria-label": "Search tables, files, queries and columns", role: "combobox", "aria-expanded": "true", "aria-controls": "d-search-list", autocomplete: "off", spellcheck: "false", on: { input: () => this.find() } });
    this.element = h("dialog", { class: "d-search", "aria-label": "Search", on: { keydown: (event: KeyboardEvent) => this.key(event), click: (event: MouseEvent) => event.target === this.element && this.element.close() } }, h("div", { class: "d-search-box" }, h("div", { class: "d-search-line" }, icon("search"), this.input), this.list));
  }

  open(): void {
    if (this.element.open) return;
    this.input.value = "";
    this.element.showModal();
    this.find();
    this.input.focus();
  }

  private find(): void {
    const query = this.input.value;
    const scored = this.items().flatMap((item) => {
      const points = score(item.label, query);
      return points === null ? [] : [{ item, points }];
    });
    this.found = scored.sort((a, b) => a.points - b.points).slice(0, SHOWN).map(({ item }) => item);
    this.chosen = 0;
    this.draw();
  }

  private draw(): void {
    const option = (item: Found, i: number) => h("li", { role: "option", id: `d-found-${i}`, "aria-selected": String(i === this.chosen), on: { click: () => this.take(i), pointermove: () => i !== this.chosen && this.choose(i) } }, icon(item.icon), h("span", { class: "d-name" }, item.label), h("span", { class: "d-count" }, item.detail));
    fill(this.list, ...(this.found.length ? this.found.map(option) : [h("li", { class: "d-hint" }, "Nothing with this name.")]));
    this.input.setAttribute("aria-activedescendant", this.found.length ? `d-found-${this.chosen}` : "");
    this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  private choose(i: number): void {
    this.chosen = (i + this.found.length) % Math.max(1, this.found.length);
    [...this.list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === this.chosen)));
    this.input.setAttribute("aria-activedescendant", `d-found-${this.chosen}`);
    this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  private take(i: number): void {
    this.element.close();
    this.found[i]?.open();
  }

  private key(event: KeyboardEvent): void {
    const act: Record<string, () => void> = { ArrowDown: () => this.choose(this.chosen + 1), ArrowUp: () => this.choose(this.chosen - 1), Enter: () => this.take(this.chosen) };
    const run = act[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  }
}
