/**
 * The review of a reading: the recipe as a form beside what it makes of the file, rows that do not fit below. Every change is
 * looked at again in a moment; the rows seen last stay, dimmed, until then.
 */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, icon, type Child } from "./dom.ts";
import { count, counted } from "./format.ts";
import { problemBox } from "./notices.ts";
import { ApiError } from "./problems.ts";
import { changed, instead, kept, overrides, same, settingsOf, without, valueOf, withColumns, withoutAll, type Settings } from "./recipe.ts";
import { rejectDownload, rejectList, rejectTable } from "./rejectlist.ts";
import { ReviewForm, type Draft } from "./reviewform.ts";
import { ReviewPreview, type Look } from "./reviewpreview.ts";
import { sureness } from "./reviewfields.ts";
import type { Other, Reading, Recipe } from "./shapes.ts";

const DEBOUNCE_MS = 250;
/** A preview has as many rows at most. */
const PREVIEWED = 50;
const NONE: Settings = new Map();

/** What is reviewed: an import that waits for it, or how a version of a table was read. */
export interface Subject {
  /** The import that waits; null for a table. */
  waiting: string | null;
  file: string;
  sha256: string;
  table: string;
  /** Of a table: its version, and the recipe that it was read by. Of an import: what was asked for. */
  version: number | null;
  recipe: Recipe;
  /** What the import found already. */
  reading: Reading | null;
  /** The import whose rejects are kept. */
  rejects: { id: string; count: number } | null;
}

export interface ReviewEvents {
  /** Go on with this recipe: import what waits, or read the table's bytes again. */
  read: (subject: Subject, recipe: Recipe) => void;
  /** Make a table of its own of something else in the file. */
  part: (subject: Subject, other: Other) => void;
  cancel: (subject: Subject) => void;
}

export class Review {
  readonly element: HTMLElement;
  private readonly api: Api;
  private readonly events: ReviewEvents;
  private readonly form: ReviewForm;
  private readonly preview: ReviewPreview;
  private readonly problem = h("div", { class: "d-review-problem" });
  private readonly others = h("div", { class: "d-others" });
  private readonly below = h("div", { class: "d-review-below" });
  private readonly foot = h("div", { class: "d-foot d-review-foot" });
  private readonly says = h("span", { class: "d-review-says", role: "status" });
  private readonly looks = h("div", { class: "d-segments", role: "group", "aria-label": "Preview as" });
  private readonly latest = new Latest();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private subject: Subject | null = null;
  private look: Look = "rows";
  private settings: Settings = NONE;
  private before: Settings = NONE;
  private found: Recipe | null = null;
  /** The parts of a table's recipe that are still to be compared with what is found. */
  private settling: ("parts" | "columns")[] = [];
  private reading: Reading | null = null;
  /** The settings of the reading that is shown. */
  private drawn: Settings = NONE;

  constructor(api: Api, events: ReviewEvents) {
    this.api = api;
    this.events = events;
    const reset = (key: string) => this.change(without(this.settings, key));
    // what is found anyway need not be said
    const set = { set: (key: string, value: unknown) => (this.found && same(value, valueOf(this.found, key)) ? reset(key) : this.change(changed(this.settings, key, value))), reset };
    this.form = new ReviewForm(set);
    this.preview = new ReviewPreview(set);
    const sheet = button("How it is read", () => this.sheet(), { class: "d-button d-review-sheet", "aria-expanded": "false" });
    const scrim = h("div", { class: "d-review-scrim", on: { click: () => this.sheet(false) } });
    this.element = h(
      "section",
      { class: "d-review", "aria-label": "How a file is read", on: { keydown: (event: KeyboardEvent) => this.key(event) } },
      this.form.element,
      scrim,
      h("div", { class: "d-review-main" }, h("div", { class: "d-review-bar" }, sheet, this.looks, this.says), this.others, this.problem, this.preview.element, this.below),
      this.foot,
    );
  }

  /** Waits for what is to be reviewed. */
  wait(): void {
    this.leave();
    this.form.skeleton();
    this.preview.skeleton();
    fill(this.looks);
    fill(this.others);
    fill(this.problem);
    fill(this.below);
    delete this.below.dataset["of"];
    fill(this.foot);
    this.says.textContent = "Looking at the file…";
  }

  /** What is to be reviewed cannot be: says why, and what to do. */
  fail(error: unknown, ...actions: Node[]): void {
    this.wait();
    fill(this.problem, problemBox(error, ...actions));
    this.says.textContent = "";
    fill(this.form.element);
    fill(this.preview.element);
  }

  open(subject: Subject): void {
    this.wait();
    this.subject = subject;
    this.settings = this.before = subject.waiting ? settingsOf(subject.recipe) : NONE;
    this.found = null;
    this.settling = subject.waiting ? [] : ["parts", "columns"];
    if (subject.reading) this.took(subject.reading);
    else this.ask();
  }

  /** Stops what is under way; another view is shown. */
  leave(): void {
    this.latest.stop();
    clearTimeout(this.timer);
    this.subject = null;
    this.reading = null;
    this.sheet(false);
  }

  private change(settings: Settings): void {
    this.settings = settings;
    this.preview.stale(true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), DEBOUNCE_MS);
  }

  private ask(): void {
    const { subject } = this;
    if (!subject) return;
    const signal = this.latest.next();
    const recipe = overrides(this.settings);
    this.preview.stale(this.reading !== null);
    this.api.preview({ file: subject.file, sha256: subject.sha256, recipe }, signal).then(
      (reading) => signal.aborted || this.took(reading),
      (error: unknown) => signal.aborted || this.failed(error),
    );
  }

  private took(reading: Reading): void {
    const { subject } = this;
    if (!subject) return;
    if (this.settings.size === 0 || this.found === null) this.found = reading.recipe;
    if (this.settling.length) return this.settle(subject, reading, this.settling.shift() === "columns");
    this.reading = reading;
    fill(this.problem);
    this.draw();
  }

  /** What was set when the table was read stays so, until somebody says otherwise. */
  private settle(subject: Subject, reading: Reading, columns: boolean): void {
    const settings = kept(subject.recipe, reading.recipe, columns);
    if (columns) this.found = { ...this.found, columns: reading.recipe["columns"] };
    this.settings = this.before = new Map([...this.settings, ...settings]);
    if (settings.size > 0) this.ask();
    else this.took(reading);
  }

  private failed(error: unknown): void {
    const there = error instanceof ApiError && error.code === "bad_recipe" ? error.details["columns"] : null;
    const fitting = Array.isArray(there) ? withColumns(this.settings, there) : this.settings;
    if (fitting.size < this.settings.size) {
      this.settings = fitting; // another header or delimiter made other columns
      return this.ask();
    }
    this.preview.stale(true);
    this.preview.element.removeAttribute("aria-busy");
    const back = this.reading ? button("Undo the last change", () => this.change(this.drawn)) : button("Try again", () => this.ask());
    fill(this.problem, problemBox(error, back));
    this.says.textContent = "It cannot be read like this.";
    this.drawFoot(false);
  }

  private draw(): void {
    const { reading, subject } = this;
    if (!reading || !subject) return;
    this.drawn = this.settings;
    const draft: Draft = { reading, before: this.before, settings: this.settings, found: this.found, version: subject.version };
    this.form.show(draft);
    this.preview.stale(false);
    this.preview.show(draft, this.look);
    this.drawBar(reading);
    this.drawOthers(reading, subject);
    this.drawBelow(reading, subject);
    this.drawFoot(true);
  }

  private drawBar({ preview }: Reading): void {
    const segment = (look: Look, label: string) => h("button", { type: "button", "aria-pressed": String(this.look === look), on: { click: () => this.turn(look) } }, label);
    fill(this.looks, ...(preview.raw ? [segment("rows", "Rows"), segment("raw", "As in the file")] : []));
    const odd = preview.odd.length;
    const parts = [counted(preview.columns.length, "column"), preview.rows.length < PREVIEWED ? counted(preview.rows.length, "row") : `first ${PREVIEWED} rows`, odd ? `${counted(odd, "odd row")}` : "", sureness(preview.confidence)];
    this.says.textContent = parts.filter(Boolean).join(" · ");
  }

  private turn(look: Look): void {
    this.look = look;
    this.draw();
    this.looks.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
  }

  private drawOthers({ preview }: Reading, subject: Subject): void {
    const item = (other: Other) => {
      const rows = typeof other.rows === "number" ? ` · ${counted(other.rows, "row")}` : "";
      const shown = Object.entries(other.recipe).every(([key, value]) => same(value, this.settings.get(key)));
      const show = button(`${other.title}${rows}`, () => this.change(shown ? withoutAll(this.settings, other.recipe) : instead(this.settings, other.recipe)), { class: "d-chip", "aria-pressed": String(shown), title: `Show ${other.title} instead` });
      return h("li", {}, show, button("Make a table of it", () => this.events.part(subject, other), { class: "d-button d-small", "aria-label": `Make a table of ${other.title} too` }));
    };
    fill(this.others, preview.others.length ? h("p", {}, "Also in this file:") : null, preview.others.length ? h("ul", { "aria-label": "Also in this file" }, ...preview.others.map(item)) : null);
  }

  private drawBelow({ preview }: Reading, { rejects, version }: Subject): void {
    const of = JSON.stringify([preview.odd, rejects]);
    if (this.below.dataset["of"] === of) return;
    this.below.dataset["of"] = of;
    const parts: Child[] = [];
    if (preview.odd.length) parts.push(h("section", { "aria-label": "Odd rows" }, h("h2", {}, "Rows that do not fit, or look strange"), h("div", { class: "d-rejects" }, rejectTable(preview.odd))));
    if (rejects && rejects.count > 0) parts.push(h("section", { "aria-label": "Rejected rows" }, h("h2", {}, `${count(rejects.count)} rejected in v${version ?? ""}`, rejectDownload(this.api, rejects.id)), rejectList(this.api, rejects.id, rejects.count)));
    fill(this.below, ...parts);
  }

  private drawFoot(readable: boolean): void {
    const { subject } = this;
    if (!subject) return;
    const touched = !same(overrides(this.settings), overrides(this.before));
    const go = button(subject.waiting ? "Import" : "Read again", () => this.go(), { class: "d-button d-primary", icon: "check", title: "Ctrl+Enter" });
    go.disabled = !readable || (!subject.waiting && !touched);
    const reset = touched ? button("Reset", () => this.change(this.before)) : null;
    const what = subject.waiting ? `It becomes the table ${subject.table}.` : touched ? `Makes a new version of ${subject.table}; v${subject.version ?? ""} is kept.` : "Change something to read it again.";
    fill(this.foot, h("span", { class: "d-foot-left d-muted" }, what), h("span", { class: "d-foot-right" }, reset, button(subject.waiting ? "Cancel" : "Close", () => this.events.cancel(subject)), go));
  }

  private go(): void {
    if (this.subject) this.events.read(this.subject, overrides(this.settings));
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      (document.activeElement as HTMLElement | null)?.blur();
      this.foot.querySelector<HTMLButtonElement>(".d-primary:not(:disabled)")?.click();
    } else if (event.key === "Escape") this.sheet(false);
  }

  /** On a phone the form is a sheet from below. */
  private sheet(open = !this.element.classList.contains("d-form-open")): void {
    if (open === this.element.classList.contains("d-form-open")) return;
    this.element.classList.toggle("d-form-open", open);
    const toggle = this.element.querySelector<HTMLElement>(".d-review-sheet");
    toggle?.setAttribute("aria-expanded", String(open));
    if (open) this.form.element.querySelector<HTMLElement>("[data-part]")?.focus();
    else toggle?.focus();
  }
}

/** The mark of a table's title that leads to how it was read. */
export function readingButton(open: () => void): HTMLElement {
  return h("button", { type: "button", class: "d-button d-quiet d-reading", "aria-label": "How it was read", title: "See and correct how the file was read", on: { click: open } }, icon("file"), h("span", {}, "How it was read"));
}
