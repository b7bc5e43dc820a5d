/** Table mode: the rows of one table, sorted by a click, taken away by another. */

import type { Api } from "./api.ts";
import { button, fill } from "./dom.ts";
import { downloadControl } from "./download.ts";
import { sourceLine } from "./frame.ts";
import { PagedGrid, type PagedEvents } from "./paged.ts";
import type { Profiles } from "./profiles.ts";
import type { Table } from "./shapes.ts";
import type { View } from "./state.ts";

export interface TableEvents extends PagedEvents {
  say: (text: string) => void;
  receipt: (id: string) => void;
  /** Opens what a table comes from, where there is room for that. */
  lineage?: (table: Table) => void;
}

export class TablePane {
  readonly element: HTMLElement;
  private readonly api: Api;
  private readonly events: TableEvents;
  private readonly profiles: Profiles;
  private readonly paged: PagedGrid;
  private shown = "";
  private name = "";
  private version = 0;
  private column: string | null = null;
  opening: Promise<void> = Promise.resolve();

  constructor(api: Api, profiles: Profiles, events: TableEvents) {
    this.api = api;
    this.profiles = profiles;
    this.events = events;
    this.paged = new PagedGrid("Rows", events, true);
    this.element = this.paged.element;
  }

  /** The shape of a table while the lists are on their way. */
  wait(): void {
    this.paged.grid.skeleton();
  }

  /** Shows a table, or with `past` an older version; `keep` stays on the page when only its rows have changed. */
  show(table: Table, { order, filters }: Pick<View, "order" | "filters">, keep: boolean, past: boolean): void {
    const state = JSON.stringify([table.name, table.version, table.rows, order, filters, past]);
    if (state === this.shown) return void (keep || this.glance(table, state));
    if (table.name !== this.name) this.paged.clear();
    if (table.name !== this.name || table.version !== this.version) this.paged.grid.glance([]);
    const same = keep && table.name === this.name;
    this.shown = state;
    this.name = table.name;
    this.version = table.version;
    const version = past ? table.version : null;
    const selection = { ...(order ? { order } : {}), filter: filters };
    const rows = (cursor: string | undefined, limit: number, signal: AbortSignal) => this.api.rows(table.name, { cursor, limit, ...selection, ...(version ? { version } : {}) }, signal);
    this.opening = this.paged.open(rows, { order, filters, columns: table.columns.length, keep: same }).then(() => {
      if (this.column) this.paged.grid.scrollToColumn(this.column);
      this.column = null;
    });
    void this.opening.then(() => this.glance(table, state));
    const { lineage: open } = this.events;
    const lineage = open ? button("Lineage", () => open(table), { class: "d-button d-quiet", title: "What it comes from, and what was made of it" }) : null;
    fill(this.paged.right, sourceLine(table, this.events.receipt), lineage, downloadControl(this.api, { table: table.name, version, selection }, this.events.say));
  }

  /** Fills the header once the rows are there; a view is left alone, for its profile costs its query. */
  private async glance(table: Table, state: string): Promise<void> {
    if (table.kind === "view" || !this.element.isConnected || state !== this.shown) return;
    try {
      const profile = await this.profiles.get(table.name, table.version);
      if (state === this.shown) this.paged.grid.glance(profile.columns);
    } catch {
      // the rows are what was asked for; Profile mode tells what is wrong
    }
  }

  /** Brings a column into view, now or as soon as the rows are there. */
  reveal(column: string): void {
    this.column = column;
    void this.opening.then(() => {
      if (this.column) this.paged.grid.scrollToColumn(this.column);
      this.column = null;
    });
  }
}
