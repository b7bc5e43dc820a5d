/** The side pane: tables with their columns, files with what became of them, saved queries, and the place to drop more. */

import { button, fill, h, icon } from "./dom.ts";
import { ago, count, counted, kindOf, size, typeWord } from "./format.ts";
import type { DataFile, SavedQuery, Table } from "./shapes.ts";

export interface SidebarEvents {
  openTable: (name: string) => void;
  insertColumn: (table: string, column: string) => void;
  importFile: (file: DataFile) => void;
  choose: () => void;
  /** Reads from a database. */
  foreign: () => void;
  removeTable: (table: Table) => void;
  removeFile: (file: DataFile) => void;
  openQuery: (query: SavedQuery) => void;
  removeQuery: (query: SavedQuery) => void;
}

export interface Lists {
  tables: Table[];
  files: DataFile[];
  queries: SavedQuery[];
  selected: string | null;
  /** The slug of the saved query in the editor. */
  opened: string;
  writable: boolean;
  /** Names of files that are being read into tables. */
  reading: Set<string>;
}

/** The table whose newest version was read from exactly these bytes. */
export function tableOf(file: DataFile, tables: Table[]): Table | undefined {
  return tables.find((table) => table.source?.sha256 === file.sha256) ?? tables.find((table) => table.source?.file === file.name && !table.source.sha256);
}

export class Sidebar {
  readonly element: HTMLElement;
  private readonly tables = h("ul", { class: "d-list" });
  private readonly files = h("ul", { class: "d-list" });
  private readonly queries = h("ul", { class: "d-list" });
  private readonly drop: HTMLElement;
  private readonly foreign: HTMLElement;
  private readonly events: SidebarEvents;
  private readonly open = new Set<string>();

  constructor(events: SidebarEvents) {
    this.events = events;
    this.drop = h("button", { type: "button", class: "d-drop", on: { click: events.choose } }, icon("upload"), h("span", {}, "Drop files, or choose"));
    this.foreign = button("From a database…", events.foreign, { class: "d-button d-quiet d-foreign-open" });
    const section = (title: string, list: HTMLElement) => h("section", {}, h("h2", {}, title), list);
    this.element = h("nav", { class: "d-side", "aria-label": "Tables, files and queries" }, h("div", { class: "d-side-scroll" }, section("Tables", this.tables), section("Files", this.files), section("Queries", this.queries)), this.drop, this.foreign);
    this.skeleton();
  }

  private skeleton(): void {
    const bones = () => Array.from({ length: 3 }, (_, i) => h("li", {}, h("i", { class: "d-bone", style: { width: `${70 - i * 15}%` } })));
    fill(this.tables, ...bones());
    fill(this.files, ...bones());
    fill(this.queries, ...bones().slice(0, 1));
  }

  update(lists: Lists): void {
    const scrolled = this.element.querySelector(".d-side-scroll")?.scrollTop ?? 0;
    const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
    this.drop.hidden = this.foreign.hidden = !lists.writable;
    const hint = (text: string) => h("li", { class: "d-hint" }, text);
    fill(this.tables, ...(lists.tables.length ? lists.tables.map((table) => this.table(table, lists)) : [hint("None yet.")]));
    fill(this.files, ...(lists.files.length ? lists.files.map((file) => this.file(file, lists)) : [hint("None yet.")]));
    fill(this.queries, ...(lists.queries.length ? lists.queries.map((query) => this.query(query, lists)) : [hint(lists.writable ? "None yet. Save one in SQL to run it again." : "None yet.")]));
    const scroll = this.element.querySelector(".d-side-scroll");
    if (scroll) scroll.scrollTop = scrolled;
    if (focused) [...this.element.querySelectorAll<HTMLElement>("[data-key]")].find((node) => node.dataset["key"] === focused)?.focus({ preventScroll: true });
  }

  private table(table: Table, lists: Lists): HTMLElement {
    const { name } = table;
    const selected = name === lists.selected;
    const open = this.open.has(name);
    const toggle = h("button", { type: "button", class: "d-twist", "aria-expanded": String(open), "aria-label": `Columns of ${name}`, "data-key": `twist ${name}`, on: { click: () => this.twist(name, lists) } }, icon("chevron"));
    const title = `${name} · ${counted(table.rows, "row")} · ${counted(table.columns.length, "column")} · version ${table.version}, ${ago(table.created_at)}`;
    const choose = h("button", { type: "button", class: "d-row", title, "aria-current": selected ? "true" : undefined, "data-table": name, "data-key": `table ${name}`, on: { click: () => this.events.openTable(name) } }, h("span", { class: "d-name" }, name), h("span", { class: "d-count" }, count(table.rows)));
    const remove = lists.writable ? button(`Delete ${name}`, () => this.events.removeTable(table), { icon: "trash", bare: true, class: "d-button d-quiet" }) : null;
    return h("li", { class: selected ? "d-selected" : undefined }, h("div", { class: "d-line" }, toggle, choose, remove), open ? this.columns(table) : null);
  }

  private columns(table: Table): HTMLElement {
    const column = (name: string, type: string) =>
      h("li", {}, h("button", { type: "button", class: "d-row", title: `${name} · ${type}`, on: { click: () => this.events.insertColumn(table.name, name) } }, h("span", { class: "d-name" }, name), h("span", { class: "d-count", "data-kind": kindOf(type) }, typeWord(type))));
    return h("ul", { class: "d-list d-columns", "aria-label": `Columns of ${table.name}` }, ...table.columns.map(({ name, type }) => column(name, type)));
  }

  private twist(name: string, lists: Lists): void {
    if (!this.open.delete(name)) this.open.add(name);
    this.update(lists);
  }

  private file(file: DataFile, lists: Lists): HTMLElement {
    const table = tableOf(file, lists.tables);
    const title = `${file.name} · ${size(file.size)} · version ${file.version}, ${ago(file.created_at)} by ${file.created_by}${table ? ` · read into ${table.name}` : ""}`;
    const label = [h("span", { class: "d-name" }, file.name), table || !lists.writable ? h("span", { class: "d-count" }, size(file.size)) : null];
    const state = table
      ? h("button", { type: "button", class: "d-row", title, "data-file": file.name, "data-key": `file ${file.name}`, on: { click: () => this.events.openTable(table.name) } }, ...label)
      : h("span", { class: "d-row", title, "data-file": file.name }, ...label);
    const reading = lists.reading.has(file.name);
    const make = reading ? h("span", { class: "d-count" }, "reading…") : !table && lists.writable ? button("Make table", () => this.events.importFile(file), { class: "d-button d-small", "aria-label": `Make a table of ${file.name}` }) : null;
    const remove = lists.writable && !reading ? button(`Delete ${file.name}`, () => this.events.removeFile(file), { icon: "trash", bare: true, class: "d-button d-quiet" }) : null;
    const mark = h("span", { class: "d-mark", title: table ? `Read into ${table.name}` : "Not a table yet" }, icon(table ? "check" : "file"));
    return h("li", {}, h("div", { class: "d-line" }, mark, state, make, remove));
  }

  private query(query: SavedQuery, lists: Lists): HTMLElement {
    const { slug, name, params, updated_at: at, updated_by: by } = query;
    const selected = slug === lists.opened;
    const title = [name, query.description, `version ${query.version}, ${ago(at)} by ${by}`].filter(Boolean).join(" · ");
    const asks = params.length ? h("span", { class: "d-count" }, counted(params.length, "value")) : null;
    const choose = h("button", { type: "button", class: "d-row", title, "aria-current": selected ? "true" : undefined, "data-query": slug, "data-key": `query ${slug}`, on: { click: () => this.events.openQuery(query) } }, h("span", { class: "d-name" }, name), asks);
    const remove = lists.writable ? button(`Delete ${name}`, () => this.events.removeQuery(query), { icon: "trash", bare: true, class: "d-button d-quiet" }) : null;
    return h("li", { class: selected ? "d-selected" : undefined }, h("div", { class: "d-line" }, h("span", { class: "d-mark" }, icon("play")), choose, remove));
  }
}
