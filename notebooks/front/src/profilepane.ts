/** Profile mode: column by column, what a table holds. */

import { Latest, button, fill, h } from "./dom.ts";
import { count, counted, kindOf, plain, typeWord } from "./format.ts";
import { filterOf } from "./filters.ts";
import { bars } from "./glance.ts";
import { problemBox } from "./notices.ts";
import { percent, valueText, type Profiles } from "./profiles.ts";
import type { Column, ColumnProfile, Profile, Table } from "./shapes.ts";

const CUT = 200;
const BONES = 6;

export interface ProfileEvents {
  openSql: (sql: string) => void;
  /** Keep the rows of the table that pass. */
  filter: (filter: string) => void;
}

export class ProfilePane {
  readonly element = h("section", { class: "d-profile", "aria-label": "Profile", tabindex: "0" });
  private readonly profiles: Profiles;
  private readonly events: ProfileEvents;
  private readonly latest = new Latest();
  private shown = "";

  constructor(profiles: Profiles, events: ProfileEvents) {
    this.profiles = profiles;
    this.events = events;
  }

  /** Shows the profile of a table; `past` says that it is not the newest version. */
  show(table: Table, past: boolean): void {
    const state = JSON.stringify([table.name, table.version, past]);
    if (state === this.shown && table.kind !== "view") return;
    if (state !== this.shown) this.wait();
    this.shown = state;
    void this.load(table, past);
  }

  /** Nobody looks any more. */
  leave(): void {
    this.latest.stop();
    if (this.element.getAttribute("aria-busy")) this.shown = "";
  }

  private wait(): void {
    this.element.setAttribute("aria-busy", "true");
    const bone = (width: number, height: number) => h("i", { class: "d-bone", style: { width: `${width}%`, height: `${height}px` } });
    fill(this.element, h("p", { class: "d-profile-says d-muted", role: "status" }, "Looking at every row…"), ...Array.from({ length: BONES }, () => h("div", { class: "d-card", "aria-hidden": "true" }, bone(40, 14), bone(90, 48), bone(70, 10))));
  }

  private async load(table: Table, past: boolean): Promise<void> {
    const signal = this.latest.next();
    try {
      const profile = await this.profiles.get(table.name, table.version, table.kind !== "view");
      if (!signal.aborted) this.draw(profile, table, past);
    } catch (error) {
      if (signal.aborted) return;
      this.element.removeAttribute("aria-busy");
      this.shown = "";
      fill(this.element, h("div", { class: "d-message" }, problemBox(error, button("Try again", () => this.show(table, past)))));
    }
  }

  private draw(profile: Profile, table: Table, past: boolean): void {
    this.element.removeAttribute("aria-busy");
    const named = new Map(table.columns.map((column) => [column.name, column]));
    const about = profile.columns.some((column) => column.distinct_is_approximate) ? " · ≈ is an estimate" : "";
    const says = h("p", { class: "d-profile-says d-muted", role: "status" }, `All ${counted(profile.rows, "row")} of ${counted(profile.columns.length, "column")}${about}`);
    const open = past ? null : (column: ColumnProfile, value: unknown) => {
      if (typeof value === "object" || String(value).length >= CUT) this.events.openSql(rowsWith(table.name, column, value));
      else this.events.filter(filterOf(column.name, "eq", String(value)));
    };
    fill(this.element, says, ...profile.columns.map((column) => card(column, named.get(column.name), open)));
  }
}

/** The statement that shows the rows with one value of a column. */
export function rowsWith(table: string, column: ColumnProfile, value: unknown): string {
  const name = plain(column.name);
  return `SELECT *\nFROM ${plain(table)}\nWHERE ${condition(name, column.type, value)}\nLIMIT 100`;
}

function condition(name: string, type: string, value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const quoted = `'${text.replaceAll("'", "''")}'`;
  const kind = kindOf(type);
  if (kind === "number" && /^-?\d+(\.\d+)?$/.test(text)) return `${name} = ${text}`;
  if (kind === "boolean") return value === true ? name : `NOT ${name}`;
  if (type === "VARCHAR") return text.length >= CUT ? `starts_with(${name}, ${quoted})` : `${name} = ${quoted}`;
  return `${name} = CAST(${quoted} AS ${type})`;
}

type Open = ((column: ColumnProfile, value: unknown) => void) | null;

function card(column: ColumnProfile, known: Column | undefined, open: Open): HTMLElement {
  const label = known?.label && known.label !== column.name ? `“${known.label}” in the file · ` : "";
  const head = h("header", {}, h("h2", { title: `${label}${column.type}` }, column.name), h("span", { class: "d-type" }, typeWord(column.type)));
  return h("article", { class: "d-card", "data-profile": column.name, "aria-label": column.name }, head, histogram(column), figures(column), top(column, open));
}

function histogram(column: ColumnProfile): HTMLElement | null {
  const { histogram: bins } = column;
  if (bins.length < 2) return null;
  const last = bins.length - 1;
  const range = (i: number) => `${valueText(bins[i]?.from, column)} to ${valueText(bins[i]?.to, column)}: ${counted(bins[i]?.count ?? 0, "row")}`;
  const ends = h("figcaption", {}, h("span", {}, valueText(bins[0]?.from, column)), h("span", {}, valueText(whole(column) ? column.max : bins[last]?.to, column)));
  const most = Math.max(...bins.map((bin) => bin.count));
  return h("figure", { role: "img", "aria-label": `Distribution; most in ${range(bins.findIndex((bin) => bin.count === most))}` }, bars(bins.map((bin) => bin.count), 240, 48, bins.map((_, i) => range(i))), ends);
}

/** Whether bins hold whole numbers or days, so that the last one ends before its end. */
function whole({ type }: ColumnProfile): boolean {
  return /INT/.test(type) || type === "DATE";
}

function figures(column: ColumnProfile): HTMLElement {
  const all = column.count + column.nulls;
  const missing = column.nulls ? `${count(column.nulls)} (${percent(column.nulls, all)})` : "none";
  const about = column.distinct_is_approximate ? "≈ " : "";
  const rows: [string, string | null][] = [
    ["missing", missing],
    ["distinct", `${about}${count(column.distinct)}`],
    ["lowest", column.min === null ? null : valueText(column.min, column)],
    ["25% below", column.quantiles ? valueText(column.quantiles["0.25"], column) : null],
    ["median", column.quantiles ? valueText(column.quantiles["0.5"], column) : null],
    ["75% below", column.quantiles ? valueText(column.quantiles["0.75"], column) : null],
    ["highest", column.max === null ? null : valueText(column.max, column)],
    ["mean", column.mean === null ? null : valueText(column.mean, { name: column.name, type: "DOUBLE" })],
  ];
  const pairs = rows.flatMap(([name, value]) => (value === null ? [] : [h("div", {}, h("dt", {}, name), h("dd", { title: value }, value))]));
  return h("dl", {}, ...pairs);
}

function top(column: ColumnProfile, open: Open): HTMLElement | null {
  const { top: values } = column;
  if (values.length === 0 || column.distinct === column.count) return null;
  const all = column.count + column.nulls;
  const most = values[0]?.count ?? 1;
  const line = (value: unknown, n: number) => {
    const text = valueText(value, column);
    const inside = [h("i", { style: { width: `${Math.max(1, (n / most) * 100)}%` } }), h("span", { class: "d-name" }, text === "" ? "(empty text)" : text), h("span", { class: "d-count" }, `${count(n)} · ${percent(n, all)}`)];
    return h("li", {}, open ? h("button", { type: "button", title: `Show the rows with ${text}`, on: { click: () => open(column, value) } }, ...inside) : h("div", {}, ...inside));
  };
  return h("ol", { "aria-label": `Most frequent values of ${column.name}` }, ...values.map((item) => line(item.value, item.count)));
}
