/** Explore: the panes, what they show of the workspace, and how one leads to the other. */

import type { Api } from "./api.ts";
import { ChartPane, type Subject } from "./chartpane.ts";
import { button, fill, h } from "./dom.ts";
import { DropZone } from "./drop.ts";
import { plain } from "./format.ts";
import { Frame, emptyState, places } from "./frame.ts";
import { Intake } from "./intake.ts";
import type { Job } from "./job.ts";
import { Lists } from "./lists.ts";
import { Notices, problemBox } from "./notices.ts";
import { Past } from "./past.ts";
import { Offline, isSignedOut, isStopped, sentence } from "./problems.ts";
import { ProfilePane } from "./profilepane.ts";
import { Profiles } from "./profiles.ts";
import { Reviewing } from "./reviewing.ts";
import { SAMPLE_NAME, sampleCsv } from "./sample.ts";
import { Search, findable } from "./search.ts";
import type { Column, DataFile, Query, Table, Workspace } from "./shapes.ts";
import { Sidebar, tableOf } from "./sidebar.ts";
import { SqlPane } from "./sqlpane.ts";
import type { Mode, Store, View } from "./state.ts";
import { TablePane } from "./tablepane.ts";
import { Tray } from "./tray.ts";

const POLL_MS = 5000;
const MAY_WRITE = new Set(["owner", "editor"]);

export class Explore {
  readonly root: HTMLElement;
  readonly store: Store;
  workspace: Workspace | null = null;
  /** Fulfilled when the first lists, and the first rows where a table is shown, are on the screen, or could not be had. */
  readonly settled: Promise<void>;
  private readonly api: Api;
  private readonly frame: Frame;
  private readonly side: Sidebar;
  private readonly lists: Lists;
  private readonly notices: Notices;
  private readonly tray: Tray;
  private readonly intake: Intake;
  private readonly profiles: Profiles;
  private readonly past: Past;
  private readonly table: TablePane;
  private readonly profile: ProfilePane;
  private readonly sql: SqlPane;
  private readonly chart: ChartPane;
  private readonly reviewing: Reviewing;
  private readonly search: Search;
  private readonly drop: DropZone;
  private readonly pane = h("div", { class: "d-pane" });
  private readonly life = new AbortController();
  private result: { id: string; sql: string; rows: number; columns: Column[] } | null = null;

  constructor(root: HTMLElement, api: Api, store: Store) {
    this.root = root;
    this.api = api;
    this.store = store;
    const { signal } = this.life;
    const say = (text: string) => this.notices.say(text);
    const writable = () => this.writable;
    this.notices = new Notices(signal);
    this.lists = new Lists(api, this.notices, { changed: (was) => this.listsChanged(was), answered: () => this.answered(), failed: (error) => this.trouble(error), hidden: () => this.hidden() });
    this.tray = new Tray(() => this.intake, { open: (name) => this.openTable(name), choose: () => this.drop.choose(), look: (job) => this.reviewing.look(job), undo: (job) => void this.reviewing.undo(job) });
    this.reviewing = new Reviewing(api, store, this.lists, () => this.intake, say);
    this.intake = new Intake(api, { review: (job) => this.reviewing.needed(job), changed: (job) => this.tray.update(job), arrived: (job) => this.arrived(job), files: () => this.lists.files, tables: () => this.lists.tables });
    this.profiles = new Profiles(api);
    this.past = new Past(api, this.notices, { changed: () => this.showPane(this.store.get()), look: (version) => this.look(version), restored: () => this.lists.refreshed(), writable });
    this.profile = new ProfilePane(this.profiles, { openSql: (sql) => this.openSql(sql) });
    this.table = new TablePane(api, this.profiles, { sort: (order) => this.store.set({ order }), say });
    this.sql = new SqlPane(api, { changed: (sql) => this.store.set({ sql }), finished: (query, sql) => this.finished(query, sql), wrote: () => void this.lists.refreshed(), say, writable });
    this.chart = new ChartPane(api, { chosen: (chart) => this.store.set({ chart }), openSql: (sql) => this.openSql(sql), say }, signal);
    this.search = new Search(() => findable(this.lists, { table: (name) => this.openTable(name), file: (file) => this.openFile(file), column: (table, column) => this.pickColumn(table, column) }));
    this.drop = new DropZone(root, (files) => this.take(files), writable);
    this.side = new Sidebar({
      openTable: (name) => this.openTable(name),
      insertColumn: (table, column) => this.pickColumn(table, column),
      importFile: (file) => this.intake.importFile(file),
      choose: () => this.drop.choose(),
      removeTable: (table) => void this.lists.removeTable(table),
      removeFile: (file) => this.lists.removeFile(file.name),
    });
    this.frame = new Frame(root, api.base, this.side.element, { mode: (mode) => this.openMode(mode), search: () => this.search.open(), sheet: () => this.frame.sheetOpen(), reading: () => this.current && this.reviewing.open(this.current.name) }, this.notices.element, this.search.element);
    this.drop.attach(root);
    fill(this.frame.body, this.frame.banner, this.past.element, this.pane, this.tray.element);
    store.subscribe((view, before) => this.viewChanged(view, before));
    this.settled = this.lists.refresh().then(() => this.table.opening);
  }

  get writable(): boolean {
    return this.workspace === null || MAY_WRITE.has(this.workspace.role);
  }

  start(): void {
    const { signal } = this.life;
    const seen = () => document.visibilityState === "visible" && void this.lists.refresh();
    this.root.addEventListener("keydown", (event) => this.shortcut(event), { signal });
    if (document.body.dataset["deitaPage"]) document.addEventListener("keydown", (event) => event.target === document.body && this.shortcut(event), { signal });
    addEventListener("focus", seen, { signal });
    document.addEventListener("visibilitychange", seen, { signal });
    addEventListener("beforeunload", (event) => this.intake.busy && event.preventDefault(), { signal });
    const timer = setInterval(seen, POLL_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.frame.mode(this.store.get().mode);
    this.showPane(this.store.get());
    void this.introduce();
    void this.intake.offer();
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
      if (this.lists.loaded) this.drawSide();
    } catch (error) {
      this.trouble(error);
    }
  }

  private answered(): void {
    if (!this.workspace && this.lists.loaded) void this.introduce();
    if (this.frame.banner.dataset["kind"] !== "read-only") this.frame.warn("");
  }

  private listsChanged(was: ReadonlyMap<string, Table>): void {
    const view = this.store.get();
    const first = this.lists.tables[0]?.name ?? null;
    this.drawSide();
    if (view.table === null && first && view.mode === "table") return this.store.set({ table: first });
    const [before, now] = [was.get(view.table ?? ""), this.lists.table(view.table)];
    const changed = !before || !now || now.version !== before.version || now.rows !== before.rows;
    if (changed || view.mode === "table" || view.mode === "profile") this.showPane(view, before?.name === now?.name);
  }

  private hidden(): void {
    const { tables } = this.lists;
    const { table } = this.store.get();
    if (table && !tables.some(({ name }) => name === table)) this.store.set({ table: tables[0]?.name ?? null, version: null });
    this.drawSide();
  }

  /** The table on the screen: as it stands, or as the older version that is looked at. */
  private get current(): Table | null {
    const { table, version } = this.store.get();
    return this.past.at(this.lists.table(table), version);
  }

  private look(version: number | null): void {
    const { mode } = this.store.get();
    this.store.set({ version, mode: mode === "sql" ? "table" : mode });
  }

  private drawSide(): void {
    const { tables, files } = this.lists;
    this.side.update({ tables, files, selected: this.store.get().table, writable: this.writable, reading: this.intake.reading });
  }

  private trouble(error: unknown): void {
    const at = places(this.api.base);
    const link = (text: string, href: string) => h("a", { class: "d-button d-primary", href }, text);
    const again = () => void this.lists.refresh();
    if (isStopped(error)) this.frame.warn("stopped", "This workspace is closed at the moment. Your data is safe.", link("Reopen", at.reopen(at.slug)));
    else if (isSignedOut(error)) this.frame.warn("signed-out", "You are signed out.", link("Sign in again", location.href.split("#")[0] ?? "."));
    else if (error instanceof Offline) this.frame.warn("offline", "No connection to Deita. Trying again every few seconds…", button("Try now", again));
    else this.frame.warn("failed", sentence(error), button("Try again", again));
    if (!this.lists.loaded) fill(this.pane, h("div", { class: "d-message d-muted" }, "The tables show up here as soon as the workspace answers."));
  }

  private viewChanged(view: View, before: View): void {
    if (view.mode !== before.mode) this.frame.mode(view.mode);
    const other = view.mode === "chart" && view.of !== before.of;
    if (!other && (["table", "version", "mode", "order", "review"] as const).every((key) => view[key] === before[key])) return;
    this.drawSide();
    this.showPane(view);
  }

  private showPane(view: View, keep = false): void {
    const put = (element: HTMLElement) => {
      if (this.pane.firstElementChild !== element || this.pane.childElementCount !== 1) fill(this.pane, element);
    };
    const { loaded } = this.lists;
    const [current, isPast] = [this.current, this.past.on];
    this.frame.heading(view, current, this.past.menu.element);
    this.past.element.hidden = view.review !== "" || view.mode === "sql" || (view.mode === "chart" && view.of === "query");
    if (view.review || (view.mode !== "table" && view.mode !== "profile")) this.profiles.leave();
    if (view.review || view.mode !== "profile") this.profile.leave();
    if (view.review) put(this.reviewing.element);
    if (this.reviewing.show(view.review, this.lists.table(view.table))) return;
    if (view.mode === "sql") {
      put(this.sql.element);
      void this.sql.show(view.sql, loaded);
    } else if (view.mode === "chart") {
      put(this.chart.element);
      if (loaded) void this.chart.show(this.subject(view), view.chart);
    } else if (current && view.mode === "profile") {
      put(this.profile.element);
      this.profile.show(current, isPast);
    } else if (current) {
      put(this.table.element);
      this.table.show(current, view.order, keep, isPast);
    } else if (loaded && !isPast) put(this.nothing(view));
    else {
      put(this.table.element);
      this.table.wait();
    }
  }

  private nothing(view: View): HTMLElement {
    const other = this.lists.tables[0]?.name;
    if (view.table) return h("div", { class: "d-message" }, problemBox(new Error(`There is no table ${view.table} (any more).`), other ? button("Show another", () => this.openTable(other)) : null));
    return emptyState(this.writable, () => this.drop.choose(), () => this.take([new File([sampleCsv()], SAMPLE_NAME, { type: "text/csv" })]));
  }

  private subject(view: View): Subject | null {
    const { result } = this;
    if (view.of === "query" && result) return { of: "query", name: "the result", columns: result.columns, query: result };
    const table = this.current;
    return table ? { of: "table", name: table.name, columns: table.columns, ...(this.past.on ? { version: table.version } : {}) } : null;
  }

  openTable(name: string): void {
    const { mode, table } = this.store.get();
    this.frame.sheetOpen(false);
    this.store.set({ table: name, mode: mode === "sql" ? "table" : mode, of: "table", version: null, review: "", ...(name === table ? {} : { order: "" }) });
  }

  private openFile(file: DataFile): void {
    const table = tableOf(file, this.lists.tables);
    if (table) this.openTable(table.name);
    else if (this.writable) this.intake.importFile(file);
  }

  private openMode(mode: Mode): void {
    const view = this.store.get();
    const patch: Partial<View> = { mode, review: "" };
    if (mode === "sql" && !view.sql && view.table) patch.sql = `SELECT *\nFROM ${plain(view.table)}\nLIMIT 100`;
    if (mode === "chart" && view.mode !== "chart") patch.of = view.mode === "sql" && this.result ? "query" : "table";
    if ((mode === "table" || mode === "profile") && !view.table) patch.table = this.lists.tables[0]?.name ?? null;
    this.frame.sheetOpen(false);
    this.store.set(patch);
  }

  private openSql(sql: string): void {
    this.store.set({ mode: "sql", sql, review: "" });
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
    await this.lists.refreshed();
    this.drawSide();
    if (job.state === "done" && job.table && this.intake.first(job)) this.openTable(job.table);
  }

  private shortcut(event: KeyboardEvent): void {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.search.open();
    } else if (event.key === "Escape") this.frame.sheetOpen(false);
  }
}
