/** What a table comes from and what was made of it, as a graph whose nodes open what they stand for. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h } from "./dom.ts";
import { drawn } from "./lineagegraph.ts";
import { problemBox } from "./notices.ts";
import type { LineageNode, Table } from "./shapes.ts";

export interface LineageEvents {
  openTable: (name: string) => void;
  openQuery: (slug: string) => void;
  receipt: (id: string) => void;
}

export class LineageDialog {
  readonly element: HTMLDialogElement;
  private readonly api: Api;
  private readonly events: LineageEvents;
  private readonly title = h("h2", {});
  private readonly body = h("div", { class: "d-lineage-body", tabindex: "0", role: "region", "aria-label": "Graph" });
  private readonly latest = new Latest();

  constructor(api: Api, events: LineageEvents) {
    this.api = api;
    this.events = events;
    const close = button("Close", () => this.element.close(), { icon: "close", bare: true });
    const outside = (event: MouseEvent) => event.target === this.element && this.element.close();
    this.element = h("dialog", { class: "d-receipt d-lineage-dialog", "aria-label": "Lineage", on: { click: outside, close: () => this.latest.stop() } }, h("div", { class: "d-receipt-box" }, h("header", {}, this.title, h("span", { class: "d-space" }), close), this.body));
  }

  open(table: Table): void {
    this.title.textContent = `Lineage of ${table.name}, version ${table.version}`;
    if (!this.element.open) this.element.showModal();
    void this.load(table);
  }

  private async load(table: Table): Promise<void> {
    const signal = this.latest.next();
    fill(this.body, h("i", { class: "d-bone", style: { width: "70%" } }));
    try {
      const lineage = await this.api.lineage(table.name, table.version, signal);
      if (signal.aborted) return;
      const more = lineage.truncated ? h("p", { class: "d-muted" }, "There is more than fits here.") : null;
      fill(this.body, drawn(lineage, (node) => this.go(node)), more);
      this.body.querySelector<SVGElement>("[aria-current][tabindex]")?.focus();
    } catch (error) {
      if (!signal.aborted) fill(this.body, problemBox(error, button("Try again", () => void this.load(table))));
    }
  }

  private go({ kind, name, key }: LineageNode): void {
    this.element.close();
    if (kind === "query") this.events.receipt(key ?? "");
    else if (kind === "saved_query") this.events.openQuery(name);
    else this.events.openTable(name);
  }
}
