/** Explore: its parts, made and tied together, from the first list that is read to the last listener that is taken off. */

import type { Api } from "./api.ts";
import { ChartPane } from "./chartpane.ts";
import { fill } from "./dom.ts";
import { DropZone } from "./drop.ts";
import { ForeignDialog } from "./foreign.ts";
import { Frame, emptyState, places } from "./frame.ts";
import { Intake } from "./intake.ts";
import type { Job } from "./job.ts";
import { LineageDialog } from "./lineage.ts";
import { Lists } from "./lists.ts";
import { Navigation } from "./navigation.ts";
import { Notices } from "./notices.ts";
import { HistoryDialog } from "./history.ts";
import { Past } from "./past.ts";
import { ProfilePane } from "./profilepane.ts";
import { Profiles } from "./profiles.ts";
import { ReceiptDialog } from "./receipts.ts";
import { Reviewing } from "./reviewing.ts";
import { SAMPLE_NAME, sampleCsv } from "./sample.ts";
import { Saving } from "./saving.ts";
import { Search, findable } from "./search.ts";
import type { Table, Workspace } from "./shapes.ts";
import { Sidebar } from "./sidebar.ts";
import { SqlPane } from "./sqlpane.ts";
import { Stage, type Panes } from "./stage.ts";
import type { Store, View } from "./state.ts";
import { TablePane } from "./tablepane.ts";
import { Tray } from "./tray.ts";
import { warnOf } from "./trouble.ts";

const POLL_MS = 5000;
const MAY_WRITE = new Set(["owner", "editor"]);

export class Explore {
  readonly root: HTMLElement;
  readonly store: Store;
  workspace: Workspace | null = null;
  /** Fulfilled when the first lists, and the first rows where a table is shown, are on the screen, or could not be had. */
  readonly settled: Promise<void>;
  private readonly api: Api;
  private readonly panes: Panes;
  private readonly stage: Stage;
  private readonly go: Navigation;
  private readonly side: Sidebar;
  private readonly notices: Notices;
  private readonly intake: Intake;
  private readonly search: Search;
  private readonly receipts: ReceiptDialog;
  private readonly history: HistoryDialog;
  private readonly lineage: LineageDialog;
  private readonly foreign: ForeignDialog;
  /** Asks the person for files. */
  private readonly choose: () => void;
  private readonly life = new AbortController();

  constructor(root: HTMLElement, api: Api, store: Store) {
    this.root = root;
    this.api = api;
    this.store = store;
    this.notices = new Notices(this.life.signal);
    this.side = this.makeSide();
    const lists = new Lists(api, this.notices, { changed: (was) => this.listsChanged(was), answered: () => this.answered(), failed: (error) => this.trouble(error), hidden: () => this.hidden() });
    const drop = new DropZone(root, (files) => this.take(files), () => this.writable);
    const reviewing = new Reviewing(api, store, lists, () => this.intake, (text) => this.notices.say(text));
    const tray = new Tray(() => this.intake, { open: (name) => this.go.table(name), choose: () => drop.choose(), look: (job) => reviewing.look(job), undo: (job) => void reviewing.undo(job) });
    this.choose = () => drop.choose();
    this.intake = new Intake(api, { review: (job) => reviewing.needed(job), changed: (job) => tray.update(job), arrived: (job) => this.arrived(job), files: () => lists.files, tables: () => lists.tables });
    this.search = new Search(() => findable(lists, { table: (name) => this.go.table(name), file: (file) => this.go.file(file), query: (query) => this.go.query(query), column: (table, column) => this.go.column(table, column) }));
    this.receipts = new ReceiptDialog(api, { show: (query, sql) => this.go.result(query, sql) });
    this.history = new HistoryDialog(api, { pick: (sql) => this.go.statement(sql), receipt: (id) => this.receipts.open(id) });
    this.lineage = new LineageDialog(api, { openTable: (name) => this.go.table(name), openQuery: (slug) => this.openSaved(slug), receipt: (id) => this.receipts.open(id) });
    this.foreign = new ForeignDialog(api, places(api.base).slug, { read: (source, table) => this.intake.readForeign(source, table), taken: () => lists.tables.map(({ name }) => name) });
    this.panes = this.makePanes(lists, reviewing);
    this.stage = new Stage(this.panes, store, { openTable: (name) => this.go.table(name), empty: () => this.empty() });
    this.go = new Navigation(this.panes, this.stage, store, this.intake, () => this.writable);
    drop.attach(root);
    const { frame, past } = this.panes;
    fill(frame.body, frame.banner, past.element, this.stage.element, tray.element);
    store.subscribe((view, before) => this.viewChanged(view, before));
    this.settled = lists.refresh().then(() => this.panes.table.opening);
  }

  private openSaved(slug: string): void {
    const query = this.panes.lists.query(slug);
    if (query) this.go.query(query);
    else this.notices.say(`There is no saved query ${slug} (any more).`);
  }

  private makeSide(): Sidebar {
    return new Sidebar({
      openTable: (name) => this.go.table(name),
      insertColumn: (table, column) => this.go.column(table, column),
      importFile: (file) => this.intake.importFile(file),
      choose: () => this.choose(),
      foreign: () => this.foreign.open(),
      removeTable: (table) => void this.panes.lists.removeTable(table),
      removeFile: (file) => this.panes.lists.removeFile(file.name),
      openQuery: (query) => this.go.query(query),
      removeQuery: (query) => void this.panes.lists.removeQuery(query),
    });
  }

  private makePanes(lists: Lists, reviewing: Reviewing): Panes {
    const { api, store, notices } = this;
    const say = (text: string) => notices.say(text);
    const writable = () => this.writable;
    const receipt = (id: string) => this.receipts.open(id);
    const openSql = (sql: string) => this.go.sql(sql);
    const profiles = new Profiles(api);
    const frame: Frame = new Frame(this.root, api.base, this.side.element, { mode: (mode) => this.go.mode(mode), search: () => this.search.open(), sheet: () => frame.sheetOpen(), reading: () => this.stage.current && reviewing.open(this.stage.current.name), again: () => (this.writable ? (origin, table, before) => this.intake.readForeign(origin, table, before) : null) }, notices.element, this.search.element, this.receipts.element, this.history.element, this.lineage.element, this.foreign.element);
    const sql = new SqlPane(api, { changed: (text) => store.set({ sql: text }), given: (params) => store.set({ params }), finished: (query, text, given) => this.stage.finished(query, text, given), wrote: () => void lists.refreshed(), say, writable, receipt, history: () => this.history.open() });
    return {
      frame,
      sql,
      saving: new Saving(api, store, lists, notices, sql, { titled: () => this.stage?.title(store.get()), writable }),
      lists,
      reviewing,
      profiles,
      past: new Past(api, notices, { changed: () => this.stage.show(store.get()), look: (version) => this.go.version(version), restored: () => lists.refreshed(), writable }),
      table: new TablePane(api, profiles, { sort: (order) => store.set({ order }), filter: (filters) => store.set({ filters }), say, receipt, lineage: (table) => this.lineage.open(table) }),
      profile: new ProfilePane(profiles, { openSql, filter: (filter) => this.go.filter(filter) }),
      chart: new ChartPane(api, { chosen: (chart) => store.set({ chart }), openSql, say }, this.life.signal),
    };
  }

  get writable(): boolean {
    return this.workspace === null || MAY_WRITE.has(this.workspace.role);
  }

  start(): void {
    const { signal } = this.life;
    const seen = () => document.visibilityState === "visible" && void this.panes.lists.refresh();
    this.root.addEventListener("keydown", (event) => this.shortcut(event), { signal });
    if (document.body.dataset["deitaPage"]) document.addEventListener("keydown", (event) => event.target === document.body && this.shortcut(event), { signal });
    addEventListener("focus", seen, { signal });
    document.addEventListener("visibilitychange", seen, { signal });
    addEventListener("beforeunload", (event) => this.intake.busy && event.preventDefault(), { signal });
    const timer = setInterval(seen, POLL_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.panes.frame.mode(this.store.get().mode);
    this.stage.show(this.store.get());
    void this.introduce();
    void this.intake.offer();
  }

  /** Shows what the address promises. */
  replay(): Promise<void> {
    return this.go.replay();
  }

  /** Draws anew what carries colours of its own. */
  redraw(): void {
    void this.panes.chart.render();
  }

  close(): void {
    this.life.abort();
  }

  private async introduce(): Promise<void> {
    try {
      this.workspace = await this.api.workspace();
      this.panes.frame.named(this.workspace);
      this.root.dispatchEvent(new CustomEvent("deita-workspace", { detail: this.workspace }));
      if (!this.writable) this.panes.frame.warn("read-only", `You may look at everything here, but not change it: your role is ${this.workspace.role}.`);
      if (this.panes.lists.loaded) this.drawSide();
    } catch (error) {
      this.trouble(error);
    }
  }

  private answered(): void {
    const { frame, lists } = this.panes;
    if (!this.workspace && lists.loaded) void this.introduce();
    if (frame.banner.dataset["kind"] !== "read-only") frame.warn("");
  }

  private trouble(error: unknown): void {
    const { frame, lists } = this.panes;
    warnOf(error, frame, this.api.base, () => void lists.refresh());
    if (!lists.loaded) this.stage.say("The tables show up here as soon as the workspace answers.");
  }

  private listsChanged(was: ReadonlyMap<string, Table>): void {
    const { lists, saving } = this.panes;
    saving.follow();
    const view = this.store.get();
    const first = lists.tables[0]?.name ?? null;
    this.drawSide();
    if (view.table === null && first && view.mode === "table") return this.store.set({ table: first });
    const [before, now] = [was.get(view.table ?? ""), lists.table(view.table)];
    const changed = !before || !now || now.version !== before.version || now.rows !== before.rows;
    if (changed || view.mode === "table" || view.mode === "profile") this.stage.show(view, before?.name === now?.name);
  }

  private hidden(): void {
    const { tables } = this.panes.lists;
    const { table } = this.store.get();
    if (table && !tables.some(({ name }) => name === table)) this.store.set({ table: tables[0]?.name ?? null, version: null });
    this.drawSide();
  }

  private drawSide(): void {
    const { tables, files, queries } = this.panes.lists;
    const { table, mode, saved } = this.store.get();
    this.side.update({ tables, files, queries, opened: mode === "sql" ? saved : "", selected: table, writable: this.writable, reading: this.intake.reading });
  }

  private viewChanged(view: View, before: View): void {
    if (view.mode !== before.mode) this.panes.frame.mode(view.mode);
    const other = view.mode === "chart" && view.of !== before.of;
    if (!other && (["table", "version", "mode", "order", "filters", "review", "saved"] as const).every((key) => view[key] === before[key])) return;
    this.drawSide();
    this.stage.show(this.store.get()); // a listener before this one may have gone on from `view`
  }

  private empty(): HTMLElement {
    return emptyState(this.writable, this.choose, () => this.take([new File([sampleCsv()], SAMPLE_NAME, { type: "text/csv" })]));
  }

  private take(files: File[]): void {
    if (!this.writable) return this.notices.say("You may look here, but not add files.");
    this.panes.frame.sheetOpen(false);
    const refused = this.intake.add(files);
    if (refused) this.notices.say(`${refused} files were too many at once and were left out. Drop them again when the others are in.`);
  }

  private async arrived(job: Job): Promise<void> {
    await this.panes.lists.refreshed();
    this.drawSide();
    if (job.state === "done" && job.table && this.intake.first(job)) this.go.table(job.table);
  }

  private shortcut(event: KeyboardEvent): void {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.search.open();
    } else if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "s" && this.store.get().mode === "sql") {
      event.preventDefault();
      void this.panes.saving.save();
    } else if (event.key === "Escape") this.panes.frame.sheetOpen(false);
  }
}
