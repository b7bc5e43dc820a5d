/** From a database: choose a connection, a table there or a query, see its first rows, and read it into a table. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, walkable } from "./dom.ts";
import { connections, foreignTables, sample, tableNameOf, type Connection, type ForeignSource, type ForeignTable, type Wanted } from "./foreignapi.ts";
import { count } from "./format.ts";
import { freeTableName } from "./names.ts";
import { problemBox } from "./notices.ts";

const SHOWN_ROWS = 20;
const SHOWN_TABLES = 500;

export interface ForeignEvents {
  read: (source: ForeignSource, table: string) => void;
  /** Names that tables of the workspace have. */
  taken: () => string[];
}

export class ForeignDialog {
  readonly element: HTMLDialogElement;
  private readonly api: Api;
  private readonly events: ForeignEvents;
  private readonly slug: string;
  private readonly body = h("div", { class: "d-receipt-body" });
  private readonly list = h("ul", { class: "d-list d-foreign-tables", "aria-label": "Tables there" });
  private readonly shown = h("div", { class: "d-foreign-shown" });
  private readonly opening = new Latest();
  private readonly loading = new Latest();
  private readonly looking = new Latest();
  private connection = "";
  private words = "";

  constructor(api: Api, slug: string, events: ForeignEvents) {
    this.api = api;
    this.slug = slug;
    this.events = events;
    const close = button("Close", () => this.element.close(), { icon: "close", bare: true });
    const outside = (event: MouseEvent) => event.target === this.element && this.element.close();
    const stop = () => [this.opening, this.loading, this.looking].forEach((latest) => latest.stop());
    this.element = h("dialog", { class: "d-receipt d-foreign", "aria-label": "From a database", on: { click: outside, close: stop } }, h("div", { class: "d-receipt-box" }, h("header", {}, h("h2", {}, "From a database"), h("span", { class: "d-space" }), close), this.body));
    walkable(this.list);
  }

  open(): void {
    if (!this.element.open) this.element.showModal();
    void this.load(this.body, async (signal) => this.choices(await connections(this.api, signal)), () => this.open(), this.opening);
  }

  /** Fills a place with what is being asked for, or with what went wrong. */
  private async load(place: HTMLElement, ask: (signal: AbortSignal) => Promise<Node[]>, again: () => void, latest: Latest): Promise<void> {
    const signal = latest.next();
    fill(place, h("i", { class: "d-bone", style: { width: "60%" } }));
    try {
      const found = await ask(signal);
      if (!signal.aborted) fill(place, ...found);
    } catch (error) {
      if (!signal.aborted) fill(place, problemBox(error, button("Try again", again)));
    }
  }

  private choices(known: Connection[]): Node[] {
    const first = known[0];
    if (!first) return this.none();
    const named = known.find((each) => each.name === this.connection) ?? first;
    const options = known.map(({ name, database, host }) => h("option", { value: name, selected: name === named.name }, `${name} · ${database} at ${host}`));
    const choose = h("select", { class: "d-select", "aria-label": "Connection", on: { change: () => this.tables(choose.value) } }, ...options);
    const filter = h("input", { class: "d-input d-grow", type: "search", placeholder: "Find a table", "aria-label": "Find a table", value: this.words, on: { input: () => this.filtered(filter.value) } });
    const query = h("textarea", { class: "d-input", rows: "3", spellcheck: "false", "aria-label": "Query", placeholder: "or a query in that database's SQL: SELECT …" });
    const look = button("Look", () => query.value.trim() && this.look({ query: query.value }));
    this.tables(named.name);
    return [h("div", { class: "d-foreign-line" }, choose, filter), this.list, h("div", { class: "d-foreign-line" }, query, look), this.shown];
  }

  private none(): Node[] {
    const command = `deita connection add ${this.slug} crm --host db.example.org --database crm --user reader`;
    return [h("p", {}, "This workspace has no connection to a database yet."), h("p", { class: "d-muted" }, "An owner or editor adds one on the home page (Databases), or on the machine that Deita runs on:"), h("pre", {}, command)];
  }

  private tables(connection: string): void {
    this.connection = connection;
    fill(this.shown);
    void this.load(this.list, async (signal) => this.lines(await foreignTables(this.api, connection, signal)), () => this.tables(connection), this.loading);
  }

  private lines(found: ForeignTable[]): Node[] {
    if (!found.length) return [h("li", { class: "d-hint" }, "There is nothing that this connection's user may read.")];
    const line = ({ name, kind, rows }: ForeignTable) => {
      const says = [kind === "table" ? "" : kind, rows === null ? "" : `about ${count(rows)} rows`].filter(Boolean).join(" · ");
      return h("li", { "data-name": name.toLowerCase(), hidden: !this.finds(name) }, h("button", { type: "button", class: "d-row", on: { click: () => this.look({ table: name }) } }, h("span", { class: "d-name" }, name), h("span", { class: "d-count" }, says)));
    };
    const more = found.length > SHOWN_TABLES ? [h("li", { class: "d-hint" }, `${count(found.length - SHOWN_TABLES)} more; a query reads them.`)] : [];
    return [...found.slice(0, SHOWN_TABLES).map(line), ...more];
  }

  private filtered(words: string): void {
    this.words = words;
    for (const line of this.list.querySelectorAll<HTMLElement>("[data-name]")) line.hidden = !this.finds(line.dataset["name"] ?? "");
  }

  private finds(name: string): boolean {
    return name.toLowerCase().includes(this.words.toLowerCase());
  }

  private look(wanted: Wanted): void {
    const source = { connection: this.connection, ...wanted };
    const show = async (signal: AbortSignal) => {
      const { columns, rows } = await sample(this.api, source, SHOWN_ROWS, signal);
      const head = h("tr", {}, ...columns.map(({ name, type }) => h("th", { title: type }, name)));
      const cells = rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", cell === null ? { class: "d-muted" } : {}, cell ?? "null"))));
      return [this.into(source), h("div", { class: "d-foreign-rows", tabindex: "0", role: "region", "aria-label": "First rows" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...cells)))];
    };
    void this.load(this.shown, show, () => this.look(wanted), this.looking);
  }

  /** Under which name it is read. */
  private into(source: ForeignSource): HTMLElement {
    const wanted = tableNameOf(source);
    const taken = this.events.taken();
    const name = h("input", { class: "d-input d-grow", name: "table", value: taken.includes(wanted) ? freeTableName(wanted, taken) : wanted, maxlength: "200", required: true, "aria-label": "Name of the table", autocomplete: "off" });
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      this.element.close();
      this.events.read(source, name.value.trim());
    };
    return h("form", { class: "d-foreign-line", "aria-label": "Read it", on: { submit } }, h("span", { class: "d-muted" }, "Read into the table"), name, h("button", { type: "submit", class: "d-button d-primary" }, "Import"));
  }
}
