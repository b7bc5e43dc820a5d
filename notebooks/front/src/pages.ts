/** Pages over the API's opaque cursors: forward by cursor, back by remembering them, the first rows from what came with the query. */

import type { Column, Page, Row } from "./shapes.ts";

export const PAGE_SIZES = [100, 500, 1000];

export type Fetch = (cursor: string | undefined, limit: number, signal: AbortSignal) => Promise<Page>;

/** One page as the grid shows it; `offset` is the number of rows before it. */
export interface Slice {
  columns: Column[];
  rows: Row[];
  offset: number;
  total: number;
  last: boolean;
}

export class CursorPages {
  private readonly cursors: (string | undefined)[] = [undefined];
  private readonly fetch: Fetch;
  readonly size: number;
  private readonly seed: Page | null;

  /** `seed` holds the first rows of a result; it must be whole pages of `size`, or the whole result. */
  constructor(fetch: Fetch, size: number, seed: Page | null = null) {
    this.fetch = fetch;
    this.size = size;
    this.seed = seed && (seed.next === null || seed.rows.length % size === 0) ? seed : null;
  }

  async page(index: number, signal: AbortSignal): Promise<Slice> {
    const seeded = this.fromSeed(index);
    if (seeded) return seeded;
    const first = this.seededPages();
    if (this.seed?.next && this.cursors[first] === undefined) this.cursors[first] = this.seed.next;
    let known = index;
    while (known > 0 && this.cursors[known] === undefined) known--;
    for (let at = known; ; at++) {
      const page = await this.fetch(this.cursors[at], this.size, signal);
      if (page.next) this.cursors[at + 1] = page.next;
      if (at >= index || !page.next) return this.slice(page.columns, page.rows, at, page.row_count, page.next === null);
    }
  }

  private seededPages(): number {
    return this.seed ? Math.max(1, Math.ceil(this.seed.rows.length / this.size)) : 0;
  }

  private fromSeed(index: number): Slice | null {
    if (!this.seed || index >= this.seededPages()) return null;
    const rows = this.seed.rows.slice(index * this.size, (index + 1) * this.size);
    const last = this.seed.next === null && index === this.seededPages() - 1;
    return this.slice(this.seed.columns, rows, index, this.seed.row_count, last);
  }

  private slice(columns: Column[], rows: Row[], index: number, total: number, last: boolean): Slice {
    return { columns, rows, offset: index * this.size, total, last };
  }
}
