/** Filters of rows: chips that say what is kept, and a form for one more. A filter is the API's `column:op:value`. */

import { button, fill, h } from "./dom.ts";
import { kindOf, type Kind } from "./format.ts";
import type { Column } from "./shapes.ts";

export type Operator = "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "in" | "like" | "null" | "notnull";
const WORDS: Record<Operator, string> = { eq: "is", ne: "is not", lt: "<", le: "≤", gt: ">", ge: "≥", in: "is one of", like: "contains", null: "is missing", notnull: "is there" };
const ORDERED: Operator[] = ["eq", "ne", "lt", "le", "gt", "ge", "in", "null", "notnull"];
const FOR: Partial<Record<Kind, Operator[]>> = { number: ORDERED, date: ORDERED, time: ORDERED, text: ["eq", "ne", "like", "in", "null", "notnull"], boolean: ["eq", "null", "notnull"] };
const PATTERN = /^(.+?):(eq|ne|lt|le|gt|ge|in|like|null|notnull)(?::([\s\S]*))?$/;

/** The filter as the API takes it; what is contained is looked for anywhere. */
export function filterOf(column: string, operator: Operator, value = ""): string {
  if (operator === "null" || operator === "notnull") return `${column}:${operator}`;
  return `${column}:${operator}:${operator === "like" ? `%${value}%` : value}`;
}

/** A filter in words; one that cannot be read stands as it is. */
export function filterWords(filter: string): string {
  const [, column, operator, value = ""] = PATTERN.exec(filter) ?? [];
  if (!column || !operator) return filter;
  const shown = operator === "like" ? value.replace(/^%|%$/g, "") : value;
  const text = operator === "null" || operator === "notnull" ? "" : ` ${shown === "" ? "(empty text)" : shown}`;
  return `${column} ${WORDS[operator as Operator]}${text}`;
}

/** Which operators a column of this type has. */
export function operatorsFor(type: string): Operator[] {
  return FOR[kindOf(type)] ?? ["null", "notnull"];
}

export class Filters {
  readonly element = h("div", { class: "d-filters", role: "group", "aria-label": "Filters", hidden: true });
  readonly opener: HTMLButtonElement;
  private readonly changed: (filters: string[]) => void;
  private columns: Column[] = [];
  private filters: readonly string[] = [];
  private open = false;

  constructor(changed: (filters: string[]) => void) {
    this.changed = changed;
    this.opener = button("Filter", () => this.toggle(), { class: "d-button d-quiet", "aria-expanded": "false", title: "Keep only some of the rows" });
  }

  /** What there is to filter, and what is filtered now. */
  show(columns: Column[], filters: readonly string[]): void {
    const same = this.columns.length === columns.length && this.columns.every((column, i) => column.name === columns[i]?.name && column.type === columns[i]?.type);
    if (same && filters.join("\n") === this.filters.join("\n")) return;
    this.columns = columns;
    this.filters = filters;
    this.draw();
  }

  private toggle(open = !this.open): void {
    this.open = open;
    this.opener.setAttribute("aria-expanded", String(open));
    this.draw();
    if (open) this.element.querySelector<HTMLElement>("select")?.focus();
    else this.opener.focus();
  }

  private draw(): void {
    this.element.hidden = !this.open && this.filters.length === 0;
    const chips = this.filters.map((filter, i) => {
      const words = filterWords(filter);
      const remove = button(`Remove the filter ${words}`, () => this.changed(this.filters.filter((_, at) => at !== i)), { icon: "close", bare: true, class: "d-chip-close" });
      return h("span", { class: "d-chip", title: words }, h("span", {}, words), remove);
    });
    const all = this.filters.length > 1 ? button("Remove all", () => this.changed([]), { class: "d-button d-quiet d-small" }) : null;
    fill(this.element, ...chips, all, this.open ? this.form() : null);
  }

  private form(): HTMLElement {
    const column = h("select", { class: "d-select", "aria-label": "Column", on: { change: () => choose() } }, ...this.columns.map(({ name }) => h("option", { value: name }, name)));
    const operator = h("select", { class: "d-select", "aria-label": "Condition", on: { change: () => ask() } });
    const value = h("input", { class: "d-input", "aria-label": "Value", autocomplete: "off" });
    const ask = () => void (value.hidden = operator.value === "null" || operator.value === "notnull");
    const choose = () => {
      const type = this.columns.find(({ name }) => name === column.value)?.type ?? "VARCHAR";
      fill(operator, ...operatorsFor(type).map((name) => h("option", { value: name }, WORDS[name])));
      value.placeholder = operator.value === "in" ? "a, b, c" : "";
      ask();
    };
    const add = (event: Event) => {
      event.preventDefault();
      this.open = false;
      this.opener.setAttribute("aria-expanded", "false");
      this.changed([...this.filters, filterOf(column.value, operator.value as Operator, value.value.trim())]);
      this.opener.focus();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") this.toggle(false);
    };
    choose();
    return h("form", { class: "d-filter-form", on: { submit: add, keydown: key } }, column, operator, value, h("button", { type: "submit", class: "d-button d-primary" }, "Keep these rows"));
  }
}
