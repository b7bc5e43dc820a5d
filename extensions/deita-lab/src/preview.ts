/** A table in the main area: the grid of Explore, with what each column holds in its header. */

import { MainAreaWidget } from "@jupyterlab/apputils";
import { Widget } from "@lumino/widgets";

import type { Api } from "@deita/front/api.ts";
import { button, fill, h } from "@deita/front/dom.ts";
import { counted } from "@deita/front/format.ts";
import { Profiles } from "@deita/front/profiles.ts";
import { ReceiptDialog } from "@deita/front/receipts.ts";
import type { Table } from "@deita/front/shapes.ts";
import type { View } from "@deita/front/state.ts";
import { TablePane } from "@deita/front/tablepane.ts";

export interface PreviewEvents {
  query: (table: string) => void;
  /** Goes to a view of Explore. */
  explore: (view: Partial<View>) => void;
  say: (text: string) => void;
}

class Preview extends Widget {
  private readonly pane: TablePane;
  private readonly head = h("header", { class: "d-preview-head" });
  private readonly events: PreviewEvents;
  private table: Table;
  private order = "";
  private filters: readonly string[] = [];

  constructor(api: Api, table: Table, events: PreviewEvents) {
    super({ node: h("div", { class: "deita d-lab d-preview" }) });
    this.events = events;
    this.table = table;
    const sort = (order: string) => {
      this.order = order;
      this.follow(this.table);
    };
    const filter = (filters: string[]) => {
      this.filters = filters;
      this.follow(this.table);
    };
    const receipts = new ReceiptDialog(api, { show: (_, sql) => events.explore({ mode: "sql", sql }) });
    this.pane = new TablePane(api, new Profiles(api), { sort, filter, say: events.say, receipt: (id) => receipts.open(id) });
    this.node.append(this.head, this.pane.element, receipts.element);
    this.follow(table);
  }

  follow(table: Table): void {
    const { name } = table;
    const facts = [counted(table.rows, "row"), counted(table.columns.length, "column"), `v${table.version}`];
    const same = this.table === table || this.table.name === name;
    this.table = table;
    fill(
      this.head,
      h("h2", { title: name }, name),
      ...facts.map((fact) => h("span", { class: "d-fact" }, fact)),
      h("span", { class: "d-space" }),
      button("Open as query", () => this.events.query(name), { icon: "play" }),
      button("Open in Explore", () => this.events.explore({ table: name }), { icon: "lab" }),
    );
    this.pane.show(table, { order: this.order, filters: this.filters }, same, false);
  }
}

/** A widget for the main area that follows its table: `update` shows the newest version. */
export class TablePreview extends MainAreaWidget<Preview> {
  readonly table: string;

  constructor(api: Api, table: Table, events: PreviewEvents) {
    super({ content: new Preview(api, table, events) });
    this.table = table.name;
    this.id = `deita-preview-${table.name}`;
    this.title.label = table.name;
    this.title.caption = `Table ${table.name}`;
    this.title.closable = true;
    this.toolbar.hide();
  }

  follow(table: Table): void {
    this.content.follow(table);
  }
}
