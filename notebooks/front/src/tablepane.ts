/** Table mode: the rows of one table, sorted by a click, taken away by another. */

import type { Api } from "./api.ts";
import { fill } from "./dom.ts";
import { downloadControl } from "./download.ts";
import { sourceLine } from "./frame.ts";
import { PagedGrid } from "./paged.ts";
import type { Table } from "./shapes.ts";

export interface TableEvents {
  sort: (order: string) => void;
  say: (text: string) => void;
}

export class TablePane {
  readonly element: HTMLElement;
  private readonly api: Api;
  private readonly events: TableEvents;
  private readonly paged: PagedGrid;
  private shown = "";
  private name = "";
  private column: string | null = null;
  opening: Promise<void> = Promise.resolve();

  constructor(api: Api, events: TableEvents) {
    this.api = api;
    this.events = events;
    this.paged = new PagedGrid("Rows", events.sort);
    this.element = this.paged.element;
  }

  /** The shape of a table while the lists are on their way. */
  wait(): void {
    this.paged.grid.skeleton();
  }

  /** Shows a table; `keep` stays on the page when only its rows have changed. */
  show(table: Table, order: string, keep: boolean): void {
    const state = JSON.stringify([table.name, table.version, table.rows, order]);
    if (state === this.shown) return;
    if (table.name !== this.name) this.paged.clear();
    const same = keep && table.name === this.name;
    this.shown = state;
    this.name = table.name;
    const rows = (cursor: string | undefined, limit: number, signal: AbortSignal) => this.api.rows(table.name, { cursor, limit, ...(order ? { order } : {}) }, signal);
    this.opening = this.paged.open(rows, { order, columns: table.columns.length, keep: same }).then(() => {
      if (this.column) this.paged.grid.scrollToColumn(this.column);
      this.column = null;
    });
    fill(this.paged.right, sourceLine(table), downloadControl(this.api, { table: table.name }, this.events.say));
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
