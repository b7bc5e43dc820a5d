/** What the person asked before: found by words, put back into the editor, or followed to its receipt. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, icon } from "./dom.ts";
import { ago, counted } from "./format.ts";
import { problemBox } from "./notices.ts";
import type { PastQuery } from "./shapes.ts";

const PAUSE_MS = 150;
const SHOWN = 300;

/** How a query ended, in words. */
export function outcome({ state, row_count }: Pick<PastQuery, "state" | "row_count">): string {
  return state === "done" ? counted(row_count, "row") : state;
}

export interface HistoryEvents {
  pick: (sql: string) => void;
  receipt: (id: string) => void;
}

export class HistoryDialog {
  readonly element: HTMLDialogElement;
  private readonly api: Api;
  private readonly events: HistoryEvents;
  private readonly input: HTMLInputElement;
  private readonly list = h("ul", { class: "d-list", "aria-label": "Queries" });
  private readonly latest = new Latest();
  private pause: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api, events: HistoryEvents) {
    this.api = api;
    this.events = events;
    const typed = () => {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => void this.find(), PAUSE_MS);
    };
    this.input = h("input", { type: "search", placeholder: "Words of a statement", "aria-label": "Search your queries", autocomplete: "off", spellcheck: "false", on: { input: typed } });
    const outside = (event: MouseEvent) => event.target === this.element && this.element.close();
    this.element = h("dialog", { class: "d-search d-history", "aria-label": "Your queries", on: { click: outside, close: () => this.latest.stop() } }, h("div", { class: "d-search-box" }, h("div", { class: "d-search-line" }, icon("search"), this.input), this.list));
  }

  open(): void {
    if (this.element.open) return;
    this.element.showModal();
    this.input.focus();
    void this.find();
  }

  private async find(cursor?: string, more?: HTMLElement): Promise<void> {
    const signal = this.latest.next();
    try {
      const page = await this.api.history(this.input.value, cursor, signal);
      if (signal.aborted) return;
      const items = page.items.map((query) => this.item(query));
      const next = page.next;
      const older = next ? h("li", {}, button("Show older ones", () => void this.find(next, older ?? undefined), { class: "d-button d-quiet" })) : null;
      if (more) more.replaceWith(...items, ...(older ? [older] : []));
      else fill(this.list, ...(items.length ? items : [h("li", { class: "d-hint" }, this.input.value ? "No query has all these words." : "What you run shows up here.")]), older);
    } catch (error) {
      if (!signal.aborted) fill(this.list, h("li", {}, problemBox(error, button("Try again", () => void this.find()))));
    }
  }

  private item(query: PastQuery): HTMLElement {
    const take = (act: () => void) => () => {
      this.element.close();
      act();
    };
    const facts = [outcome(query), ago(query.started_at), query.tables.join(", ")].filter(Boolean).join(" · ");
    const sql = query.sql.replace(/\s+/g, " ").slice(0, SHOWN);
    const pick = h("button", { type: "button", class: "d-row", title: query.sql.slice(0, 2000), "data-query": query.id, on: { click: take(() => this.events.pick(query.sql)) } }, h("code", { class: "d-name" }, sql), h("span", { class: "d-count" }, facts));
    const receipt = query.state === "done" ? button("Receipt", take(() => this.events.receipt(query.id)), { class: "d-button d-small" }) : null;
    return h("li", {}, h("div", { class: "d-line" }, pick, receipt));
  }
}
