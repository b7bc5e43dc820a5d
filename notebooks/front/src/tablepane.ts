/** Table mode: the rows of one table, sorted by a click, taken away by another. */

import type { Api } from "./api.ts";
import { fill } from "./dom.ts";
import { downloadControl } from "./download.ts";
import { sourceLine } from "./frame.ts";
import { PagedGrid } from "./paged.ts";
import type { Profiles } from "./profiles.ts";
import type { Table } from "./shapes.ts";

export interface TableEvents {
  sort: (order: string) => void;
  say: (text: string) => void;
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
    this.paged = new PagedGrid("Rows", events.sort, true);
    this.element = this.paged.element;
  }

  /** The shape of a table while the lists are on their way. */
  wait(): void {
    this.paged.grid.skeleton();
  }

  /** Shows a table, or with `past` an older version; `keep` stays on the page when only its rows have changed. */
  show(table: Table, order: string, keep: boolean, past: boolean): void {
    const state = JSON.stringify([table.name, table.version, table.rows, order, past]);
    if (state === this.shown) return void (keep || this.glance(table, state));
    if (table.name !== this.name) this.paged.clear();
    if (table.name !== this.name || table.version !== this.version) this.paged.grid.glance([]);
    const same = keep && table.name === this.name;
    this.shown = state;
    this.name = table.name;
    this.version = table.version;
    const version = past ? table.version : null;
    const rows = (cursor: string | undefined, limit: number, signal: AbortSignal) => this.api.rows(table.name, { cursor, limit, ...(order ? { order } : {}), ...(version ? { version } : {}) }, signal);
    this.opening = this.paged.open(rows, { order, columns: table.columns.length, keep: same }).then(() => {
      if (this.column) this.paged.grid.scrollToColumn(this.column);
      this.column = null;
    });
    void this.opening.then(() => this.glance(table, state));
    fill(this.paged.right, sourceLine(table), downloadControl(this.api, { table: table.name, version }, this.events.say));
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
