/** How one thing leads to another: what it does to the view to open a table, a file, a column, a mode or a statement. */

import { plain } from "./format.ts";
import type { Intake } from "./intake.ts";
import type { DataFile, Query, SavedQuery } from "./shapes.ts";
import { textOf } from "./parameters.ts";
import { givenOf } from "./queries.ts";
import { tableOf } from "./sidebar.ts";
import type { Stage, Panes } from "./stage.ts";
import type { Mode, Store, View } from "./state.ts";

/** A statement that is no saved query. */
const UNSAVED = { mode: "sql", review: "", saved: "", savedSql: "", params: {} } as const;

export class Navigation {
  private readonly panes: Panes;
  private readonly stage: Stage;
  private readonly store: Store;
  private readonly intake: Intake;
  private readonly writable: () => boolean;

  constructor(panes: Panes, stage: Stage, store: Store, intake: Intake, writable: () => boolean) {
    this.panes = panes;
    this.stage = stage;
    this.store = store;
    this.intake = intake;
    this.writable = writable;
  }

  table(name: string): void {
    const { mode, table } = this.store.get();
    this.panes.frame.sheetOpen(false);
    this.store.set({ table: name, mode: mode === "sql" ? "table" : mode, of: "table", version: null, review: "", ...(name === table ? {} : { order: "", filters: [] }) });
  }

  /** Keeps only such rows of the table on the screen. */
  filter(filter: string): void {
    const { filters } = this.store.get();
    this.store.set({ mode: "table", filters: filters.includes(filter) ? filters : [...filters, filter] });
  }

  /** A version of the table on the screen; null is the newest. */
  version(version: number | null): void {
    const { mode } = this.store.get();
    this.store.set({ version, mode: mode === "sql" ? "table" : mode });
  }

  /** The table that a file was read into, or begins to read it. */
  file(file: DataFile): void {
    const table = tableOf(file, this.panes.lists.tables);
    if (table) this.table(table.name);
    else if (this.writable()) this.intake.importFile(file);
  }

  mode(mode: Mode): void {
    const view = this.store.get();
    const patch: Partial<View> = { mode, review: "" };
    if (mode === "sql" && !view.sql && !view.saved && view.table) patch.sql = `SELECT *\nFROM ${plain(view.table)}\nLIMIT 100`;
    if (mode === "chart" && view.mode !== "chart") patch.of = view.mode === "sql" && this.stage.result ? "query" : "table";
    if ((mode === "table" || mode === "profile") && !view.table) patch.table = this.panes.lists.tables[0]?.name ?? null;
    this.panes.frame.sheetOpen(false);
    this.store.set(patch);
  }

  /** Shows a statement and runs it. */
  sql(sql: string): void {
    this.store.set({ ...UNSAVED, sql });
    void this.panes.sql.show(sql).then(() => this.panes.sql.run());
  }

  /** Shows a statement and what it came to. */
  result(query: Query, sql: string): void {
    const params = Object.fromEntries(Object.entries(givenOf(query).params).map(([name, value]) => [name, textOf(value)]));
    this.store.set({ ...UNSAVED, sql, params });
    this.panes.sql.parameters.declare([], params);
    void this.panes.sql.present(query, sql);
  }

  /** Puts a statement into the editor. */
  statement(sql: string): void {
    this.store.set({ ...UNSAVED, sql });
    void this.panes.sql.show(sql);
  }

  /** Opens a saved query, and runs it where it needs no values. */
  query(query: SavedQuery): void {
    this.panes.frame.sheetOpen(false);
    this.panes.saving.open(query);
    if (query.params.every(({ required }) => !required)) void this.panes.sql.run();
  }

  /** Puts a column's name into the statement, or shows the column in its table. */
  column(table: string, column: string): void {
    if (this.store.get().mode === "sql") return this.panes.sql.insert(plain(column));
    this.table(table);
    this.store.set({ mode: "table" });
    this.panes.table.reveal(column);
  }

  /** Runs the statement that came with the address, so that a link shows what it promises. Reading only. */
  async replay(): Promise<void> {
    if (this.store.get().saved) await this.panes.lists.refresh();
    const { mode, sql, of } = this.store.get();
    if (!sql || (mode !== "sql" && of !== "query")) return;
    await this.panes.sql.show(sql, false);
    await this.panes.sql.run();
    if (mode === "chart") this.stage.showChart(this.store.get());
  }
}
