/** Explore: holds what is known of the workspace, and lets the panes show it. */

import type { Api } from "./api.ts";
import { ChartPane, type Subject } from "./chartpane.ts";
import { button, fill, h } from "./dom.ts";
import { DropZone } from "./drop.ts";
import { identifier } from "./format.ts";
import { Frame, emptyState, places } from "./frame.ts";
import { Intake, type Job } from "./intake.ts";
import { Notices, problemBox } from "./notices.ts";
import { Offline, isSignedOut, isStopped, sentence } from "./problems.ts";
import { SAMPLE_NAME, sampleCsv } from "./sample.ts";
import { Search, type Found } from "./search.ts";
import type { Column, DataFile, Query, Table, Workspace } from "./shapes.ts";
import { Sidebar } from "./sidebar.ts";
import { SqlPane } from "./sqlpane.ts";
import type { Mode, Store, View } from "./state.ts";
import { TablePane } from "./tablepane.ts";
import { Tray } from "./tray.ts";

const POLL_MS = 5000;
const MAY_WRITE = new Set(["owner", "editor"]);

interface Result {
  id: string;
  sql: string;
  rows: number;
  columns: Column[];
}

export class Explore {
  readonly root: HTMLElement;
  readonly store: Store;
  workspace: Workspace | null = null;
  /** Fulfilled when the first lists, and the first rows where a table is shown, are on the screen, or could not be had. */
  readonly settled: Promise<void>;
  private readonly api: Api;
  private readonly frame: Frame;
  private readonly side: Sidebar;
  private readonly tables = new Map<string, Table>();
  private files: DataFile[] = [];
  private readonly hidden = new Set<string>();
  private readonly notices: Notices;
  private readonly tray: Tray;
  private readonly intake: Intake;
  private readonly table: TablePane;
  private readonly sql: SqlPane;
  private readonly chart: ChartPane;
  private readonly search: Search;
  private readonly drop: DropZone;
  private readonly pane = h("div", { class: "d-pane" });
  private readonly life = new AbortController();
  private result: Result | null = null;
  private known = "";
  private loaded = false;
  private refreshing: Promise<void> | null = null;

  constructor(root: HTMLElement, api: Api, store: Store) {
    this.root = root;
    this.api = api;
    this.store = store;
    const { signal } = this.life;
    const say = (text: string) => this.notices.say(text);
    const writable = () => this.writable;
    this.notices = new Notices(signal);
    this.tray = new Tray(api, () => this.intake, (name) => this.openTable(name));
    this.intake = new Intake(api, { changed: (job) => this.tray.update(job), arrived: (job) => this.arrived(job), files: () => this.files, tables: () => [...this.tables.values()] });
    this.table = new TablePane(api, { sort: (order) => this.store.set({ order }), say });
    this.sql = new SqlPane(api, { changed: (sql) => this.store.set({ sql }), finished: (query, sql) => this.finished(query, sql), wrote: () => void this.refresh(), say, writable });
    this.chart = new ChartPane(api, { chosen: (chart) => this.store.set({ chart }), openSql: (sql) => this.openSql(sql), say }, signal);
    this.search = new Search(() => this.findable());
    this.drop = new DropZone(root, (files) => this.take(files), writable);
    this.side = new Sidebar({
      openTable: (name) => this.openTable(name),
      insertColumn: (table, column) => this.pickColumn(table, column),
      importFile: (file) => this.intake.importFile(file),
      choose: () => this.drop.choose(),
      removeTable: (table) => this.remove("tables", table.name, table.name),
      removeFile: (file) => this.remove("files", file.name, file.name),
    });
    this.frame = new Frame(root, api.base, this.side.element, { mode: (mode) => this.openMode(mode), search: () => this.search.open(), sheet: () => this.frame.sheetOpen() }, this.notices.element, this.search.element);
    this.drop.attach(root);
    fill(this.frame.body, this.frame.banner, this.pane, this.tray.element);
    store.subscribe((view, before) => this.viewChanged(view, before));
    this.settled = this.refresh().then(() => this.table.opening);
  }

  get writable(): boolean {
    return this.workspace === null || MAY_WRITE.has(this.workspace.role);
  }

  start(): void {
    const { signal } = this.life;
    this.root.addEventListener("keydown", (event) => this.shortcut(event), { signal });
    if (document.body.dataset["deitaPage"]) document.addEventListener("keydown", (event) => event.target === document.body && this.shortcut(event), { signal });
    addEventListener("focus", () => void this.refresh(), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void this.refresh(), { signal });
    addEventListener("beforeunload", (event) => this.intake.busy && event.preventDefault(), { signal });
    const timer = setInterval(() => document.visibilityState === "visible" && void this.refresh(), POLL_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.frame.mode(this.store.get().mode);
    this.showPane(this.store.get());
    void this.introduce();
  }

  /** Draws anew what carries colours of its own. */
  redraw(): void {
    void this.chart.render();
  }

  close(): void {
    this.life.abort();
  }

  private async introduce(): Promise<void> {
    try {
      this.workspace = await this.api.workspace();
      this.frame.named(this.workspace);
      this.root.dispatchEvent(new CustomEvent("deita-workspace", { detail: this.workspace }));
      if (!this.writable) this.frame.warn("read-only", `You may look at everything here, but not change it: your role is ${this.workspace.role}.`);
      this.drawSide();
    } catch (error) {
      this.trouble(error);
    }
  }

  /** Reads the lists again; one at a time, and nothing is drawn anew when nothing has changed. */
  refresh(): Promise<void> {
    this.refreshing ??= this.read().finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async read(): Promise<void> {
    try {
      const [tables, files] = await Promise.all([this.api.tables(), this.api.files()]);
      const known = JSON.stringify([tables, files]);
      if (!this.workspace && this.loaded) void this.introduce();
      if (this.frame.banner.dataset["kind"] !== "read-only") this.frame.warn("");
      if (known === this.known && this.loaded) return;
      const before = this.current;
      this.known = known;
      this.loaded = true;
      this.tables.clear();
      for (const table of tables) this.tables.set(table.name, table);
      this.files = files;
      this.listsChanged(before);
    } catch (error) {
      this.trouble(error);
    }
  }

  private listsChanged(before: Table | null): void {
    const view = this.store.get();
    const first = [...this.tables.keys()].find((name) => !this.hidden.has(`tables ${name}`)) ?? null;
    this.drawSide();
    if (view.table === null && first && view.mode === "table") return this.store.set({ table: first });
    const now = this.current;
    this.frame.heading(view.mode, now, view.of);
    if (!before || !now || now.version !== before.version || now.rows !== before.rows || view.mode === "table") this.showPane(view, before?.name === now?.name);
  }

  private get current(): Table | null {
    return this.tables.get(this.store.get().table ?? "") ?? null;
  }

  private drawSide(): void {
    const show = (kind: string) => (item: { name: string }) => !this.hidden.has(`${kind} ${item.name}`);
    this.side.update({ tables: [...this.tables.values()].filter(show("tables")), files: this.files.filter(show("files")), selected: this.store.get().table, writable: this.writable });
  }

  private trouble(error: unknown): void {
    const at = places(this.api.base);
    const link = (text: string, href: string) => h("a", { class: "d-button d-primary", href }, text);
    if (isStopped(error)) this.frame.warn("stopped", "This workspace is closed at the moment. Your data is safe.", link("Reopen", at.reopen(at.slug)));
    else if (isSignedOut(error)) this.frame.warn("signed-out", "You are signed out.", link("Sign in again", location.href.split("#")[0] ?? "."));
    else if (error instanceof Offline) this.frame.warn("offline", "No connection to Deita. Trying again every few seconds…", button("Try now", () => void this.refresh()));
    else this.frame.warn("failed", sentence(error), button("Try again", () => void this.refresh()));
    if (!this.loaded) fill(this.pane, h("div", { class: "d-message d-muted" }, "The tables show up here as soon as the workspace answers."));
  }

  private viewChanged(view: View, before: View): void {
    if (view.mode !== before.mode) this.frame.mode(view.mode);
    const chartMatters = view.mode === "chart" && view.of !== before.of;
    const moved = view.table !== before.table || view.mode !== before.mode || view.order !== before.order || chartMatters;
    if (!moved) return;
    this.drawSide();
    this.frame.heading(view.mode, this.current, view.of);
    this.showPane(view);
  }

  private showPane(view: View, keep = false): void {
    const put = (element: HTMLElement) => {
      if (this.pane.firstElementChild !== element || this.pane.childElementCount !== 1) fill(this.pane, element);
    };
    this.frame.heading(view.mode, this.current, view.of);
    if (view.mode === "sql") {
      put(this.sql.element);
      void this.sql.show(view.sql, this.loaded);
    } else if (view.mode === "chart") {
      put(this.chart.element);
      if (this.loaded) void this.chart.show(this.subject(view), view.chart);
    } else if (this.current) {
      put(this.table.element);
      this.table.show(this.current, view.order, keep);
    } else if (!this.loaded) {
      put(this.table.element);
      this.table.wait();
    } else put(this.nothing(view));
  }

  private nothing(view: View): HTMLElement {
    if (view.table) return h("div", { class: "d-message" }, problemBox(new Error(`There is no table ${view.table} (any more).`), this.tables.size ? button("Show another", () => this.openTable([...this.tables.keys()][0] ?? "")) : null));
    return emptyState(this.writable, () => this.drop.choose(), () => this.take([new File([sampleCsv()], SAMPLE_NAME, { type: "text/csv" })]));
  }

  private subject(view: View): Subject | null {
    const { result } = this;
    if (view.of === "query" && result) return { of: "query", name: "the result", columns: result.columns, query: result };
    const table = this.current;
    return table ? { of: "table", name: table.name, columns: table.columns, version: table.version } : null;
  }

  openTable(name: string): void {
    const { mode, table } = this.store.get();
    this.frame.sheetOpen(false);
    this.store.set({ table: name, mode: mode === "sql" ? "table" : mode, of: "table", ...(name === table ? {} : { order: "" }) });
  }

  private openMode(mode: Mode): void {
    const view = this.store.get();
    const patch: Partial<View> = { mode };
    if (mode === "sql" && !view.sql && view.table) patch.sql = `SELECT *\nFROM ${plain(view.table)}\nLIMIT 100`;
    if (mode === "chart") patch.of = view.mode === "sql" && this.result ? "query" : view.mode === "chart" ? view.of : "table";
    this.frame.sheetOpen(false);
    this.store.set(patch);
    if (mode === "table" && !view.table) this.listsChanged(null);
  }

  private openSql(sql: string): void {
    this.store.set({ mode: "sql", sql });
    void this.sql.show(sql).then(() => this.sql.run());
  }

  /** Runs the statement that came with the address, so that a link shows what it promises. Reading only. */
  async replay(): Promise<void> {
    const { mode, sql, of } = this.store.get();
    if (!sql || (mode !== "sql" && of !== "query")) return;
    await this.sql.show(sql, false);
    await this.sql.run();
    if (mode === "chart") void this.chart.show(this.subject(this.store.get()), this.store.get().chart);
  }

  private pickColumn(table: string, column: string): void {
    if (this.store.get().mode === "sql") return this.sql.insert(plain(column));
    this.openTable(table);
    this.store.set({ mode: "table" });
    this.table.reveal(column);
  }

  private finished(query: Query, sql: string): void {
    this.result = query.columns.length && query.statement_type === "SELECT" ? { id: query.id, sql, rows: query.row_count, columns: query.columns } : null;
    this.store.set({ query: query.id, of: this.result ? "query" : "table" });
  }

  private take(files: File[]): void {
    if (!this.writable) return this.notices.say("You may look here, but not add files.");
    this.frame.sheetOpen(false);
    const refused = this.intake.add(files);
    if (refused) this.notices.say(`${refused} files were too many at once and were left out. Drop them again when the others are in.`);
  }

  private async arrived(job: Job): Promise<void> {
    if (this.refreshing) await this.refreshing;
    await this.refresh();
    if (job.state === "done" && job.table && this.intake.first(job)) this.openTable(job.table);
  }

  private remove(kind: "tables" | "files", name: string, label: string): void {
    const key = `${kind} ${name}`;
    const restore = () => {
      this.hidden.delete(key);
      this.drawSide();
    };
    this.hidden.add(key);
    if (kind === "tables" && this.store.get().table === name) this.store.set({ table: [...this.tables.keys()].find((other) => !this.hidden.has(`tables ${other}`)) ?? null });
    this.drawSide();
    const act = () =>
      void this.api.remove(kind, name, true).then(
        async () => {
          await this.refresh();
          restore();
        },
        (error: unknown) => {
          restore();
          this.notices.say(`${label} was not deleted: ${sentence(error)}`);
        },
      );
    this.notices.undoable(`${label} deleted.`, act, restore);
  }

  private findable(): Found[] {
    const tables = [...this.tables.values()];
    return [
      ...tables.map((table): Found => ({ icon: "table", label: table.name, detail: `table · ${table.rows.toLocaleString("en")} rows`, open: () => this.openTable(table.name) })),
      ...this.files.map((file): Found => ({ icon: "file", label: file.name, detail: "file", open: () => this.openFile(file) })),
      ...tables.flatMap((table) => table.columns.map((column): Found => ({ icon: "chevron", label: column.name, detail: `column of ${table.name}`, open: () => this.pickColumn(table.name, column.name) }))),
    ];
  }

  private openFile(file: DataFile): void {
    const table = [...this.tables.values()].find((one) => one.source?.sha256 === file.sha256);
    if (table) this.openTable(table.name);
    else if (this.writable) this.intake.importFile(file);
  }

  private shortcut(event: KeyboardEvent): void {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.search.open();
    } else if (event.key === "Escape") this.frame.sheetOpen(false);
  }
}

/** A name as one would type it: quoted only where SQL needs it. */
function plain(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : identifier(name);
}
