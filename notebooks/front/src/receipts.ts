/** The receipt of a result: what it was made from, by whom and when, followed to files and earlier queries, and run again. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, type Child } from "./dom.ts";
import { ago, count, counted, duration } from "./format.ts";
import { problemBox } from "./notices.ts";
import { over } from "./queries.ts";
import { rowsWords } from "./written.ts";
import type { Compared, Origin, Query, Receipt, TableRead } from "./shapes.ts";

const SHORT_HASH = 12;
const DONE: Record<string, string> = { create: "made", replace: "replaced", append: "added to", write: "changed" };

/** Whether a repetition came to the same, in words. */
export function verdict({ same_result, alike, changed_tables }: Compared): string {
  if (same_result) return "Same result ✓";
  if (same_result === null || same_result === undefined) return "Not compared: the first result was gone before it was hashed.";
  if (alike) return "Same rows; only their order, or the last digits, differ.";
  const changes = (changed_tables ?? []).map(({ name, then, now }) => `${name} v${then ?? "–"} → v${now ?? "–"}`);
  return ["Differs", ...changes].join(" · ");
}

/** What an origin did to the table, in words; its file or query stands before. */
export function originWords({ operation, version, created_at, created_by }: Origin, now?: number): string {
  return `${DONE[operation] ?? operation} version ${version} · ${ago(created_at, now)} by ${created_by}`;
}

export interface ReceiptEvents {
  /** The result of a repetition is to be shown. */
  show: (query: Query, sql: string) => void;
}

export class ReceiptDialog {
  readonly element: HTMLDialogElement;
  private readonly api: Api;
  private readonly events: ReceiptEvents;
  private readonly body = h("div", { class: "d-receipt-body" });
  private readonly actions = h("div", { class: "d-receipt-actions" });
  private readonly back: HTMLButtonElement;
  private readonly latest = new Latest();
  /** The receipts that led to the one on the screen. */
  private trail: string[] = [];

  constructor(api: Api, events: ReceiptEvents) {
    this.api = api;
    this.events = events;
    this.back = button("Back", () => this.go(this.trail.slice(0, -1)), { icon: "left", bare: true, hidden: true });
    const close = button("Close", () => this.element.close(), { icon: "close", bare: true });
    const head = h("header", {}, this.back, h("h2", {}, "Receipt"), h("span", { class: "d-space" }), close);
    const outside = (event: MouseEvent) => event.target === this.element && this.element.close();
    this.element = h("dialog", { class: "d-receipt", "aria-label": "Receipt", on: { click: outside, close: () => this.latest.stop() } }, h("div", { class: "d-receipt-box" }, head, this.body, this.actions));
  }

  open(id: string): void {
    if (!this.element.open) this.element.showModal();
    this.go([id]);
  }

  private go(trail: string[]): void {
    this.trail = trail;
    this.back.hidden = trail.length < 2;
    void this.load(trail[trail.length - 1] ?? "");
  }

  private async load(id: string): Promise<void> {
    const signal = this.latest.next();
    fill(this.actions);
    fill(this.body, ...Array.from({ length: 5 }, (_, i) => h("i", { class: "d-bone", style: { width: `${90 - i * 12}%` } })));
    try {
      const receipt = await this.api.receipt(id, signal);
      if (signal.aborted) return;
      this.draw(receipt);
    } catch (error) {
      if (!signal.aborted) fill(this.body, problemBox(error, button("Try again", () => void this.load(id))));
    }
  }

  private draw(receipt: Receipt): void {
    const facts: [string, Child][] = [
      ["Statement", h("pre", {}, h("code", {}, receipt.sql))],
      ["With", Object.entries(receipt.params).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")],
      ["From", receipt.tables.length ? h("ul", { class: "d-list" }, ...receipt.tables.map((table) => this.table(table))) : "no table"],
      ["Made", receipt.wrote?.version ? [`version ${receipt.wrote.version} of ${receipt.wrote.table}`, rowsWords(receipt.wrote)].filter(Boolean).join(" · ") : ""],
      ["Saved as", receipt.saved_query && `${receipt.saved_query.slug}, version ${receipt.saved_query.version}`],
      ["Asked", h("span", { title: receipt.started_at }, `${ago(receipt.started_at)} by ${receipt.person}`)],
      ["Took", this.took(receipt)],
      ["Result", receipt.result_hash && h("span", { title: receipt.result_hash }, `${counted(receipt.rows ?? 0, "row")} · SHA-256 `, h("code", {}, `${receipt.result_hash.slice(0, SHORT_HASH)}…`))],
      ["Repeats", receipt.rerun_of ? h("span", {}, this.follow("an earlier query", receipt.rerun_of), ` · ${verdict(receipt)}`) : ""],
    ];
    fill(this.body, h("dl", {}, ...facts.filter(([, fact]) => fact).flatMap(([name, fact]) => [h("dt", {}, name), h("dd", {}, fact)])));
    if (receipt.mode === "read") this.offerRerun(receipt);
  }

  private took({ elapsed_ms, cpu_ms, engine }: Receipt): string {
    const processor = cpu_ms === null ? "" : `${duration(cpu_ms)} of processor time`;
    return [elapsed_ms === null ? "" : duration(elapsed_ms), processor, engine].filter(Boolean).join(" · ");
  }

  private table({ name, version, rows, origins, more }: TableRead): HTMLElement {
    const origin = (one: Origin) => h("li", {}, one.file ? this.file(one) : one.query_id ? this.follow("a query", one.query_id) : one.operation, h("span", { class: "d-muted" }, ` · ${originWords(one)}`));
    const facts = [`version ${version}`, rows === null ? "" : counted(rows, "row")].filter(Boolean).join(" · ");
    return h("li", { "data-read": name }, h("b", {}, name), h("span", { class: "d-muted" }, ` · ${facts}`), h("ul", { class: "d-list" }, ...origins.map(origin), more ? h("li", { class: "d-muted" }, `and more than ${count(origins.length)} steps before`) : null));
  }

  private file({ file, sha256 }: Origin): HTMLElement {
    return h("span", { title: `SHA-256 ${sha256 ?? ""}` }, file ?? "", " ", h("code", {}, `${(sha256 ?? "").slice(0, SHORT_HASH)}…`));
  }

  private follow(text: string, id: string): HTMLElement {
    return button(text, () => this.go([...this.trail, id]), { class: "d-link" });
  }

  private offerRerun(receipt: Receipt): void {
    const told = h("div", { class: "d-receipt-told", role: "status" });
    const again = (label: string, asOf: "then" | "now") => button(label, () => void this.rerun(receipt, asOf, told), { class: "d-button" });
    fill(this.actions, again("Run again as it was", "then"), again("Run again on today’s tables", "now"), told);
  }

  private async rerun(receipt: Receipt, asOf: "then" | "now", told: HTMLElement): Promise<void> {
    const signal = this.latest.next();
    fill(told, "Running…");
    try {
      const query = await over(this.api, await this.api.rerun(receipt.id, asOf, signal), signal);
      if (signal.aborted) return;
      const show = button("Show", () => this.show(query, receipt.sql), { class: "d-button d-quiet" });
      fill(told, query.receipt ? verdict(query.receipt) : "Stopped.", query.state === "done" ? show : null);
    } catch (error) {
      if (!signal.aborted) fill(told, problemBox(error));
    }
  }

  private show(query: Query, sql: string): void {
    this.element.close();
    this.events.show(query, sql);
  }
}
