/** SQL mode: editor, Run and Stop, what went wrong at its place, and the result page by page. */

import type { Api, Selection } from "./api.ts";
import { button, fill, h, type Child } from "./dom.ts";
import { downloadControl } from "./download.ts";
import type { Editor } from "./editor.ts";
import { counted, duration } from "./format.ts";
import { problemBox } from "./notices.ts";
import { PagedGrid } from "./paged.ts";
import { ApiError, sentence } from "./problems.ts";
import { givenOf, runQuery, uuid, type Given } from "./queries.ts";
import { ParameterBar } from "./parameterbar.ts";
import { SaveForm } from "./saveform.ts";
import type { Query, QueryMode } from "./shapes.ts";
import { writtenWords } from "./written.ts";

const TICK_MS = 100;
const STOP_TRIES = 20;
const STOP_AGAIN_MS = 100;
const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

export interface SqlEvents {
  changed: (sql: string) => void;
  given: (values: Record<string, string>) => void;
  finished: (query: Query, sql: string, given: Given | undefined) => void;
  wrote: () => void;
  say: (text: string) => void;
  writable: () => boolean;
  /** Opens the receipt of a query. */
  receipt: (id: string) => void;
  /** Opens what was asked before. */
  history: () => void;
}

export class SqlPane {
  readonly element: HTMLElement;
  readonly parameters: ParameterBar;
  /** What is asked when the statement is saved. */
  readonly form = new SaveForm();
  /** For what can be done with the statement, and for what is to be said of it. */
  readonly tools = h("span", { class: "d-tools" });
  readonly notice = h("div", { class: "d-problems" });
  private readonly api: Api;
  private readonly events: SqlEvents;
  private readonly host = h("div", { class: "d-editor" });
  private readonly status = h("span", { class: "d-status", role: "status" });
  private readonly problem = h("div", { class: "d-problems" });
  private readonly runButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private readonly paged = new PagedGrid("Result", { sort: (order) => this.select({ order }), filter: (filter) => this.select({ filter }) });
  private result: Query | null = null;
  private selection: Required<Selection> = { order: "", filter: [] };
  private editor: Editor | null = null;
  private loading: Promise<void> | null = null;
  private running: { id: string; stopped: boolean } | null = null;
  private text = "";

  constructor(api: Api, events: SqlEvents) {
    this.api = api;
    this.events = events;
    this.parameters = new ParameterBar(api, { changed: events.given, run: () => void this.run() });
    this.runButton = button("Run", () => void this.run(), { icon: "play", class: "d-button d-primary", title: `Run (${APPLE ? "⌘" : "Ctrl"}-Enter)` });
    this.stopButton = button("Stop", () => void this.stop(), { icon: "stop", class: "d-button d-danger", hidden: true });
    const bar = h("div", { class: "d-bar" }, this.runButton, this.stopButton, this.status, button("History", events.history, { class: "d-button d-quiet d-to-history" }), h("kbd", { class: "d-keys" }, APPLE ? "⌘ Enter" : "Ctrl Enter"), this.tools);
    this.element = h("section", { class: "d-sql", "aria-label": "SQL" }, this.parameters.element, this.host, bar, this.form.element, this.notice, this.problem, this.paged.element);
    this.host.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.running) void this.stop();
    });
    this.hint();
  }

  /** Loads the editor at its first use. */
  async show(sql: string, focus = true): Promise<void> {
    this.text = sql;
    this.loading ??= this.load();
    await this.loading;
    if (!this.editor) return;
    this.editor.text = this.text; // the newest, should another have come meanwhile
    this.parameters.follow(this.text);
    if (focus) this.editor.focus();
  }

  private async load(): Promise<void> {
    try {
      const { Editor } = await import("./editor.ts");
      fill(this.host);
      const changed = (text: string) => {
        this.text = text;
        this.editor?.clearMarks();
        this.parameters.follow(text);
        this.events.changed(text);
      };
      this.editor = new Editor(this.host, { text: this.text, changed, run: () => void this.run(), complete: (sql, position, signal) => this.api.complete(sql, position, signal) });
    } catch (error) {
      this.loading = null;
      fill(this.host, problemBox(error, button("Try again", () => void this.show(this.text))));
    }
  }

  insert(text: string): void {
    this.editor?.insert(text);
  }

  /** Forgets the result and what was said of it: another statement begins. */
  reset(): void {
    fill(this.problem);
    fill(this.status);
    this.paged.clear();
    this.hint();
  }

  private hint(): void {
    this.paged.grid.message(h("p", { class: "d-muted" }, "The result appears here."));
  }

  async run(mode: QueryMode = "read"): Promise<void> {
    const sql = this.text;
    if (this.running || !sql.trim()) return;
    const running = (this.running = { id: uuid(), stopped: false });
    const begun = performance.now();
    this.begin();
    let share = "";
    const watch = ({ progress }: Query) => (share = progress ? ` · ${Math.floor(progress * 100)} %` : "");
    const tick = setInterval(() => fill(this.status, `${running.stopped ? "Stopping…" : "Running…"} ${((performance.now() - begun) / 1000).toFixed(1)} s${share}`), TICK_MS);
    try {
      const given = await this.parameters.given(sql);
      const query = await runQuery(this.api, sql, { id: running.id, mode, given, watch });
      if (query.state === "cancelled") this.end(`Stopped after ${duration(performance.now() - begun)}.`);
      else await this.done(query, sql, mode, given);
    } catch (error) {
      if (running.stopped) this.end(`Stopped after ${duration(performance.now() - begun)}.`);
      else this.failed(error);
    } finally {
      clearInterval(tick);
      this.running = null;
      this.stopButton.hidden = true;
      this.runButton.hidden = false;
    }
  }

  /** Shows a query that ran elsewhere. */
  async present(query: Query, sql: string): Promise<void> {
    await this.show(sql);
    fill(this.problem);
    await this.done(query, sql, "read", givenOf(query));
  }

  private begin(): void {
    fill(this.problem);
    this.editor?.clearMarks();
    this.runButton.hidden = true;
    this.stopButton.hidden = false;
    this.stopButton.disabled = false;
    fill(this.status, "Running…");
    this.paged.grid.busy(true);
  }

  private end(...words: Child[]): void {
    fill(this.status, ...words);
    this.paged.grid.busy(false);
    this.paged.grid.stale(true);
  }

  private async done(query: Query, sql: string, mode: QueryMode, given: Given | undefined): Promise<void> {
    const cut = query.truncated ? h("span", { class: "d-warn" }, ` · cut at ${counted(query.row_count, "row")}, there are more`) : null;
    const { wrote } = query;
    this.end(`${wrote ? writtenWords(wrote) : counted(query.row_count, "row")} · ${duration(query.elapsed_ms)}`, cut, ...(wrote?.version ? [this.receiptButton(query), this.undoButton(query)] : []));
    if (wrote) {
      this.paged.clear();
      this.paged.grid.message(h("p", {}, wrote.version ? "Done. The data has changed." : "Done. Nothing had to be changed."));
    } else await this.showResult(query);
    this.events.finished(query, sql, given);
    if (mode === "write") this.events.wrote();
  }

  private receiptButton({ id }: Query): HTMLButtonElement {
    return button("Receipt", () => this.events.receipt(id), { class: "d-button d-quiet", title: "Where this comes from" });
  }

  private undoButton(query: Query): HTMLButtonElement {
    const undo = button("Undo", () => void this.undo(query, undo), { class: "d-button d-quiet", title: "Make the table what it was before this statement" });
    return undo;
  }

  private async undo(query: Query, asked: HTMLButtonElement): Promise<void> {
    asked.disabled = true;
    try {
      const { table, now } = await this.api.undo(query.id);
      this.end(now ? `${now.name} is again as it was before.` : `${table} is gone again.`);
      this.events.wrote();
    } catch (error) {
      asked.disabled = false;
      fill(this.problem, problemBox(error));
    }
  }

  /** Sorts or filters the rows that are shown; the statement does not run again. */
  private select(change: Selection): void {
    this.selection = { ...this.selection, ...change };
    if (this.result) void this.showRows(this.result);
  }

  private showResult(query: Query): Promise<void> {
    this.result = query;
    this.selection = { order: "", filter: [] };
    return this.showRows(query);
  }

  private async showRows(query: Query): Promise<void> {
    const { selection } = this;
    const { order, filter: filters } = selection;
    const seed = order || filters.length ? null : query;
    await this.paged.open((cursor, limit, signal) => this.api.results(query.id, { cursor, limit, ...selection }, signal), { seed, order, filters });
    fill(this.paged.right, this.receiptButton(query), downloadControl(this.api, { query: query.id, selection }, this.events.say));
  }

  /** Says what is wrong with the statement, at its place. */
  failed(error: unknown): void {
    this.end("");
    if (error instanceof ApiError && error.code === "write_mode_required") return this.offerWrite();
    const position = error instanceof ApiError ? error.position : null;
    const go = position ? button("Show", () => this.editor?.goTo(position.line, position.column)) : null;
    fill(this.problem, problemBox(error, go));
    if (position) this.editor?.mark(position.line, position.column, sentence(error));
  }

  private offerWrite(): void {
    if (!this.events.writable()) {
      fill(this.problem, problemBox(new Error("This statement changes data, and you may only look here. Ask an owner of the workspace to make you an editor.")));
      return;
    }
    const go = button("Run and change the data", () => void this.run("write"), { class: "d-button d-primary" });
    fill(this.problem, h("div", { class: "d-problem d-ask", role: "alert" }, h("p", {}, "This statement changes data. Every version is kept, so it can be taken back."), go));
    go.focus();
  }

  /** The server may not know the id yet when Stop is pressed at once, so a 404 is asked again. */
  async stop(): Promise<void> {
    const { running } = this;
    if (!running || running.stopped) return;
    running.stopped = true;
    this.stopButton.disabled = true;
    for (let tried = 0; tried < STOP_TRIES && this.running === running; tried++) {
      try {
        await this.api.cancelQuery(running.id);
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) {
          running.stopped = false;
          this.stopButton.disabled = false;
          this.events.say(`It could not be stopped: ${sentence(error)}`);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, STOP_AGAIN_MS));
      }
    }
  }
}
