/** Chart mode: bars or a line of the table or of the last result, its SQL one click away. */

import type { Api } from "./api.ts";
import { AGGREGATE_WORDS, MOST_POINTS, aggregateRows, chartSql, defaultChart, drawing, figureTitle, fits, nearlyUnique, subselect, vegaSpec, type Drawing, type Theme } from "./chartspec.ts";
import { Latest, button, fill, h } from "./dom.ts";
import { saveBlob } from "./download.ts";
import { identifier, kindOf } from "./format.ts";
import { problemBox } from "./notices.ts";
import type { Plot } from "./plot.ts";
import { sentence } from "./problems.ts";
import { runQuery, type Given } from "./queries.ts";
import type { Column, Profile, Row } from "./shapes.ts";
import type { Aggregate, ChartChoice } from "./state.ts";

/** What a chart is drawn from: a whole table, or a query's result. */
export interface Subject {
  of: "table" | "query";
  name: string;
  columns: Column[];
  /** Of a result: where its rows are and what statement gave them. */
  query?: { id: string; sql: string; given: Given | undefined; rows: number };
  /** Of a table: the older version that is drawn. */
  version?: number;
  /** Of a table: what its columns hold. */
  profile?: () => Promise<Profile>;
}

export interface ChartEvents {
  chosen: (choice: ChartChoice) => void;
  openSql: (sql: string) => void;
  say: (text: string) => void;
}

export class ChartPane {
  readonly element: HTMLElement;
  private readonly api: Api;
  private readonly events: ChartEvents;
  private readonly controls = h("div", { class: "d-bar d-chart-bar" });
  private readonly canvas = h("div", { class: "d-canvas", role: "img" });
  private readonly note = h("span", { class: "d-muted", role: "status" });
  private readonly take = h("div", { class: "d-foot-right" });
  private readonly latest = new Latest();
  private plot: Plot | null = null;
  private subject: Subject | null = null;
  private choice: ChartChoice | null = null;
  private drawn: Drawing | null = null;

  constructor(api: Api, events: ChartEvents, signal: AbortSignal) {
    this.api = api;
    this.events = events;
    this.element = h("section", { class: "d-chart", "aria-label": "Chart" }, this.controls, this.canvas, h("footer", { class: "d-foot" }, h("div", { class: "d-foot-left" }, this.note), this.take));
    const observer = new ResizeObserver(() => void this.render());
    observer.observe(this.canvas);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  async show(subject: Subject | null, choice: ChartChoice | null): Promise<void> {
    this.subject = subject;
    if (!subject || subject.columns.length === 0) {
      this.choice = this.drawn = null;
      fill(this.controls);
      fill(this.take);
      return this.message("There is nothing to draw yet: open a table, or run a query.");
    }
    const given = choice && fits(choice, subject.columns) ? choice : null;
    const first = given ?? defaultChart(subject.columns, subject.of, await this.unique(subject));
    if (this.subject !== subject) return;
    this.choice = first;
    this.drawControls(subject);
    await this.fetch();
  }

  /** Which columns to count nothing by; none where that is not known. */
  private async unique({ profile }: Subject): Promise<ReadonlySet<string>> {
    try {
      return profile ? nearlyUnique(await profile()) : new Set();
    } catch {
      return new Set(); // the chart is worth less, and that is all
    }
  }

  private message(text: string): void {
    this.plot?.close();
    fill(this.note);
    fill(this.canvas, h("div", { class: "d-message d-muted" }, text));
  }

  private change(patch: Partial<ChartChoice>): void {
    if (!this.choice || !this.subject) return;
    const next = { ...this.choice, ...patch };
    if (next.aggregate !== "count" && !next.y) next.y = defaultFigure(this.subject.columns, next.x);
    this.choice = next;
    this.events.chosen(next);
    this.drawControls(this.subject);
    void this.fetch();
  }

  private drawControls({ columns }: Subject): void {
    const { choice } = this;
    if (!choice) return;
    const names = columns.map((column) => column.name);
    const numbers = columns.filter((column) => kindOf(column.type) === "number").map((column) => column.name);
    const aggregates = (Object.keys(AGGREGATE_WORDS) as Aggregate[]).filter((name) => name === "count" || numbers.length > 0);
    const marks = h("div", { class: "d-segments", role: "group", "aria-label": "Kind of chart" }, ...(["bar", "line"] as const).map((mark) => h("button", { type: "button", "aria-pressed": String(choice.mark === mark), on: { click: () => this.change({ mark }) } }, mark === "bar" ? "Bars" : "Line")));
    const figure = choice.aggregate === "count" ? null : select("", numbers.map((name) => [name, name]), choice.y, (y) => this.change({ y }));
    fill(
      this.controls,
      marks,
      select("Show", aggregates.map((name) => [name, AGGREGATE_WORDS[name]]), choice.aggregate, (aggregate) => this.change({ aggregate: aggregate as Aggregate })),
      figure,
      select("by", names.map((name) => [name, name]), choice.x, (x) => this.change({ x })),
      select("Colour", [["", "none"], ...names.map((name): [string, string] => [name, name])], choice.color, (color) => this.change({ color })),
    );
    const picture = (kind: "png" | "svg") => () => void this.picture(kind);
    fill(this.take, button("Open as SQL", () => this.events.openSql(this.sql())), button("PNG", picture("png"), { icon: "download", "aria-label": "Download as PNG" }), button("SVG", picture("svg"), { icon: "download", "aria-label": "Download as SVG" }));
  }

  private sql(): string {
    const { subject, choice } = this;
    if (!subject || !choice) return "";
    return chartSql(subject.query ? subselect(subject.query.sql) : identifier(subject.name), choice, subject.columns);
  }

  private async fetch(): Promise<void> {
    const { subject, choice } = this;
    if (!subject || !choice) return this.message("Choose a column with numbers.");
    const signal = this.latest.next();
    this.element.setAttribute("aria-busy", "true");
    try {
      const [{ rows, total }, module] = await Promise.all([this.rows(subject, choice, signal), import("./plot.ts")]);
      if (signal.aborted) return;
      this.plot ??= new module.Plot();
      this.drawn = drawing(rows, total, choice, subject.columns);
      await this.render();
    } catch (error) {
      if (signal.aborted) return;
      this.drawn = null;
      this.plot?.close();
      fill(this.note);
      fill(this.canvas, h("div", { class: "d-message" }, problemBox(error, button("Try again", () => void this.fetch()))));
    } finally {
      if (!signal.aborted) this.element.removeAttribute("aria-busy");
    }
  }

  /** A result that the browser can hold is read from where it lies; anything larger is counted by the engine. */
  private async rows(subject: Subject, choice: ChartChoice, signal: AbortSignal): Promise<{ rows: Row[]; total: number }> {
    const { query } = subject;
    if (query && (query.rows <= MOST_POINTS || choice.aggregate === "none")) {
      const page = await this.api.results(query.id, { limit: MOST_POINTS }, signal);
      const rows = aggregateRows(page.rows, choice, subject.columns);
      return { rows, total: choice.aggregate === "none" ? query.rows : rows.length };
    }
    const asOf = subject.version ? { [subject.name]: subject.version } : null;
    const answer = await runQuery(this.api, this.sql(), { limit: MOST_POINTS, asOf, given: query?.given, signal });
    const rows = [...answer.rows];
    let { next } = answer;
    while (next && rows.length < MOST_POINTS) {
      const page = await this.api.results(answer.id, { cursor: next, limit: MOST_POINTS }, signal);
      rows.push(...page.rows);
      next = page.next;
    }
    return { rows, total: answer.truncated ? MOST_POINTS + 1 : answer.row_count };
  }

  /** Draws what was fetched, again when the size or the theme has changed. */
  async render(): Promise<void> {
    const { drawn, choice, subject, plot } = this;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!drawn || !choice || !subject || !plot || width < 40 || height < 40) return;
    if (drawn.points.length === 0) return this.message("No rows to draw.");
    const host = h("div", {});
    fill(this.canvas, host);
    this.canvas.setAttribute("aria-label", `${figureTitle(choice)} by ${choice.x}, from ${subject.name}`);
    this.note.textContent = drawn.note || `${drawn.points.length.toLocaleString("en")} ${drawn.points.length === 1 ? "point" : "points"} from ${subject.name}`;
    await plot.draw(host, vegaSpec(choice, subject.columns, drawn.points, this.theme(), { width: width - 32, height: height - 24 }));
  }

  private theme(): Theme {
    const probe = (name: string) => {
      const sample = h("i", { style: { color: `var(${name})` } });
      this.canvas.append(sample);
      const color = getComputedStyle(sample).color;
      sample.remove();
      return color;
    };
    return { text: probe("--d-text"), muted: probe("--d-muted"), line: probe("--d-line"), background: probe("--d-page"), dark: this.element.closest<HTMLElement>(".deita")?.dataset["theme"] === "dark", font: getComputedStyle(this.element).fontFamily };
  }

  private async picture(kind: "png" | "svg"): Promise<void> {
    try {
      if (this.plot && this.subject) saveBlob(await this.plot[kind](), `${this.subject.name}.${kind}`);
    } catch (error) {
      this.events.say(`The picture was not made: ${sentence(error)}`);
    }
  }
}

function defaultFigure(columns: Column[], x: string): string {
  return defaultChart(columns.filter((column) => column.name !== x), "query")?.y || (columns.find((column) => kindOf(column.type) === "number")?.name ?? "");
}

function select(label: string, options: [string, string][], value: string, change: (value: string) => void): HTMLElement {
  const control = h("select", { class: "d-select", "aria-label": label ? undefined : "Figure", on: { change: (event: Event) => change((event.target as HTMLSelectElement).value) } }, ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return h("label", { class: "d-field" }, label ? h("span", {}, label) : null, control);
}
