/** A grid with its foot: where you are, forward and back, page size, and what the owner adds at the right. */

import { Latest, button, fill, h } from "./dom.ts";
import { count, counted } from "./format.ts";
import { Filters } from "./filters.ts";
import { Grid } from "./grid.ts";
import { CursorPages, PAGE_SIZES, type Fetch, type Slice } from "./pages.ts";
import { problemBox } from "./notices.ts";
import type { Page } from "./shapes.ts";

export interface PagedEvents {
  sort: (order: string) => void;
  filter: (filters: string[]) => void;
}

export class PagedGrid {
  readonly element: HTMLElement;
  readonly grid: Grid;
  readonly right = h("div", { class: "d-foot-right" });
  private readonly place = h("div", { class: "d-foot-changing" });
  private readonly latest = new Latest();
  private pages: CursorPages | null = null;
  private readonly filters: Filters;
  private kept: readonly string[] = [];
  private source: { fetch: Fetch; seed: Page | null } | null = null;
  private columns: Slice["columns"] = [];
  private index = 0;
  private size = PAGE_SIZES[0] ?? 100;
  private order = "";
  private shown: Slice | null = null;

  constructor(label: string, events: PagedEvents, glances = false) {
    this.grid = new Grid(label, { sort: events.sort, edge: (direction) => this.step(direction) }, glances);
    this.filters = new Filters(events.filter);
    this.filters.opener.hidden = true;
    // the opener stays where it is while what stands before it changes: a click on it is not lost to rows that arrive
    const left = h("div", { class: "d-foot-left" }, this.place, this.filters.opener);
    this.element = h("div", { class: "d-paged" }, this.filters.element, this.grid.element, h("footer", { class: "d-foot" }, left, this.right));
  }

  /** Shows the first page of `fetch`; `keep` stays on the page that is shown, for a refresh. */
  open(fetch: Fetch, options: { seed?: Page | null; order?: string; filters?: readonly string[]; columns?: number; keep?: boolean } = {}): Promise<void> {
    this.source = { fetch, seed: options.seed ?? null };
    this.order = options.order ?? "";
    this.kept = options.filters ?? [];
    this.pages = new CursorPages(fetch, this.size, this.source.seed);
    if (!options.keep) {
      this.index = 0;
      if (this.source.seed === null && this.shown === null) this.grid.skeleton(options.columns);
      else this.grid.busy(true);
    }
    return this.load();
  }

  /** Forgets what is shown, so that the next table begins with a skeleton. */
  clear(): void {
    this.latest.stop();
    this.pages = this.shown = null;
    fill(this.place);
    fill(this.right);
    this.filters.opener.hidden = true;
  }

  private async load(focus?: "first" | "last"): Promise<void> {
    const { pages } = this;
    if (!pages) return;
    const signal = this.latest.next();
    try {
      const slice = await pages.page(this.index, signal);
      if (signal.aborted) return;
      const turned = this.shown?.offset !== slice.offset;
      this.index = Math.floor(slice.offset / this.size);
      this.shown = slice;
      this.columns = slice.columns;
      this.grid.show(slice, this.order);
      this.filters.show(slice.columns, this.kept);
      if (turned) this.grid.scrollToTop();
      if (focus) this.grid.focusRow(focus);
      this.drawPlace(slice);
    } catch (error) {
      if (signal.aborted) return;
      this.shown = null;
      fill(this.place);
      this.filters.opener.hidden = this.kept.length === 0;
      this.filters.show(this.columns, this.kept);
      this.grid.message(problemBox(error, button("Try again", () => void this.load())));
    }
  }

  private step(direction: -1 | 1): void {
    if (!this.shown || (direction < 0 ? this.index === 0 : this.shown.last)) return;
    this.index += direction;
    this.grid.busy(true);
    void this.load(direction < 0 ? "last" : "first");
  }

  private turn(index: number): void {
    this.index = index;
    this.grid.busy(true);
    void this.load();
  }

  private resize(size: number): void {
    const first = this.shown?.offset ?? 0;
    this.size = size;
    if (!this.source) return;
    this.pages = new CursorPages(this.source.fetch, size, this.source.seed);
    this.turn(Math.floor(first / size));
  }

  private drawPlace(slice: Slice): void {
    const to = slice.offset + slice.rows.length;
    const one = slice.total <= slice.rows.length;
    const words = slice.total === 0 ? "No rows" : one ? counted(slice.total, "row") : `${count(slice.offset + 1)}–${count(to)} of ${count(slice.total)}`;
    const sizes = h("select", { class: "d-select", "aria-label": "Rows on a page", on: { change: (event: Event) => this.resize(Number((event.target as HTMLSelectElement).value)) } }, ...PAGE_SIZES.map((size) => h("option", { value: size, selected: size === this.size }, `${count(size)} a page`)));
    const back = button("Previous page", () => this.turn(this.index - 1), { icon: "left", bare: true, disabled: this.index === 0 });
    const forth = button("Next page", () => this.turn(this.index + 1), { icon: "right", bare: true, disabled: slice.last });
    const words_ = h("span", { class: "d-place", role: "status" }, words);
    const kept = this.kept.length ? h("span", { class: "d-muted d-wide" }, "filtered") : null;
    this.filters.opener.hidden = false;
    if (slice.total <= (PAGE_SIZES[0] ?? 100)) fill(this.place, words_, kept);
    else fill(this.place, back, words_, kept, forth, sizes);
  }
}
