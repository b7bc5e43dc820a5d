/** The place in the middle: which pane the view asks for, and what it shows there. */

import type { ChartPane, Subject } from "./chartpane.ts";
import { button, fill, h } from "./dom.ts";
import type { Frame } from "./frame.ts";
import type { Lists } from "./lists.ts";
import { problemBox } from "./notices.ts";
import type { Past } from "./past.ts";
import type { ProfilePane } from "./profilepane.ts";
import type { Profiles } from "./profiles.ts";
import type { Given } from "./queries.ts";
import type { Reviewing } from "./reviewing.ts";
import type { Saving } from "./saving.ts";
import type { Query, Table } from "./shapes.ts";
import type { SqlPane } from "./sqlpane.ts";
import type { Store, View } from "./state.ts";
import type { TablePane } from "./tablepane.ts";

/** Everything that can stand in the middle, and around it. */
export interface Panes {
  frame: Frame;
  lists: Lists;
  past: Past;
  profiles: Profiles;
  table: TablePane;
  profile: ProfilePane;
  sql: SqlPane;
  chart: ChartPane;
  reviewing: Reviewing;
  saving: Saving;
}

export interface StageEvents {
  openTable: (name: string) => void;
  /** What stands there while the workspace holds no table. */
  empty: () => HTMLElement;
}

export class Stage {
  readonly element = h("div", { class: "d-pane" });
  /** The result that a chart can be drawn of. */
  result: NonNullable<Subject["query"]> & Pick<Subject, "columns"> | null = null;
  private readonly panes: Panes;
  private readonly store: Store;
  private readonly events: StageEvents;

  constructor(panes: Panes, store: Store, events: StageEvents) {
    this.panes = panes;
    this.store = store;
    this.events = events;
  }

  /** The table on the screen: as it stands, or as the older version that is looked at. */
  get current(): Table | null {
    const { table, version } = this.store.get();
    return this.panes.past.at(this.panes.lists.table(table), version);
  }

  /** Shows what the view asks for; `keep` stays on the page of a table whose rows have changed. */
  show(view: View, keep = false): void {
    const { lists, past, profiles, profile, reviewing } = this.panes;
    const { current } = this;
    this.title(view, current);
    past.element.hidden = view.review !== "" || view.mode === "sql" || (view.mode === "chart" && view.of === "query");
    if (view.review || (view.mode !== "table" && view.mode !== "profile")) profiles.leave();
    if (view.review || view.mode !== "profile") profile.leave();
    if (view.review) this.put(reviewing.element);
    if (!reviewing.show(view.review, lists.table(view.table))) this.showMode(view, current, keep);
  }

  /** Draws the title line. */
  title(view: View, current: Table | null = this.current): void {
    const { frame, past, saving } = this.panes;
    frame.heading(view, current, past.menu.element, saving.title);
  }

  private showMode(view: View, current: Table | null, keep: boolean): void {
    const { lists, past, table, profile, sql } = this.panes;
    if (view.mode === "sql") {
      this.put(sql.element);
      void sql.show(view.sql, lists.loaded);
    } else if (view.mode === "chart") this.showChart(view, lists.loaded);
    else if (current && view.mode === "profile") {
      this.put(profile.element);
      profile.show(current, past.on);
    } else if (current) {
      this.put(table.element);
      table.show(current, view, keep, past.on);
    } else if (lists.loaded && !past.on) this.put(this.nothing(view));
    else {
      this.put(table.element);
      table.wait();
    }
  }

  /** Draws the chart of the table, or of the result; not before there is something to draw. */
  showChart(view: View, ready = true): void {
    this.put(this.panes.chart.element);
    if (ready) void this.panes.chart.show(this.subject(view), view.chart);
  }

  /** A line in the middle while nothing is known of the workspace. */
  say(text: string): void {
    fill(this.element, h("div", { class: "d-message d-muted" }, text));
  }

  /** Remembers a finished query, if a chart can be drawn of it. */
  finished(query: Query, sql: string, given: Given | undefined): void {
    this.result = query.columns.length && query.statement_type === "SELECT" ? { id: query.id, sql, given, rows: query.row_count, columns: query.columns } : null;
    this.store.set({ query: query.id, of: this.result ? "query" : "table" });
  }

  private put(element: HTMLElement): void {
    if (this.element.firstElementChild !== element || this.element.childElementCount !== 1) fill(this.element, element);
  }

  private nothing(view: View): HTMLElement {
    if (!view.table) return this.events.empty();
    const other = this.panes.lists.tables[0]?.name;
    return h("div", { class: "d-message" }, problemBox(new Error(`There is no table ${view.table} (any more).`), other ? button("Show another", () => this.events.openTable(other)) : null));
  }

  private subject(view: View): Subject | null {
    const { result, current } = this;
    if (view.of === "query" && result) return { of: "query", name: "the result", columns: result.columns, query: result };
    if (!current) return null;
    const { name, columns, version, kind } = current;
    const profile = kind === "view" ? {} : { profile: () => this.panes.profiles.get(name, version) };
    return { of: "table", name, columns, ...profile, ...(this.panes.past.on ? { version } : {}) };
  }
}
