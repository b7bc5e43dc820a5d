/** What a reading makes of a file: its first rows with a type for each column, or its first lines as they stand. */

import { fill, h } from "./dom.ts";
import { cell, count, kindOf } from "./format.ts";
import { choiceOf, columnKey, originOf, same, valueOf } from "./recipe.ts";
import { originText, type Draft, type FormEvents } from "./reviewform.ts";
import { TYPES, isDoubtful, specName } from "./reviewfields.ts";
import type { Column } from "./shapes.ts";

export type Look = "rows" | "raw";

export class ReviewPreview {
  readonly element = h("div", { class: "d-look", role: "region", "aria-label": "Preview", tabindex: "0" });
  private readonly events: FormEvents;

  constructor(events: FormEvents) {
    this.events = events;
  }

  stale(on: boolean): void {
    this.element.classList.toggle("d-stale", on);
    this.element.toggleAttribute("aria-busy", on);
  }

  skeleton(): void {
    const bones = () => h("tr", {}, ...Array.from({ length: 5 }, (_, i) => h("td", {}, h("i", { class: "d-bone", style: { width: `${45 + ((i * 37) % 45)}%` } }))));
    fill(this.element, h("table", { class: "d-skeleton", "aria-hidden": "true" }, h("tbody", {}, ...Array.from({ length: 10 }, bones))));
  }

  show(draft: Draft, look: Look): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset["part"];
    const { scrollLeft, scrollTop } = this.element;
    fill(this.element, look === "raw" && draft.reading.preview.raw ? this.lines(draft) : this.rows(draft));
    Object.assign(this.element, { scrollLeft, scrollTop });
    if (focused) this.element.querySelector<HTMLElement>(`[data-part="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  private rows(draft: Draft): HTMLElement {
    const { columns, rows } = draft.reading.preview;
    const kinds = columns.map((column) => kindOf(column.type));
    const row = (values: unknown[]) =>
      h("tr", {}, ...columns.map((column, i) => {
        const { text, whole, isNull } = cell(values[i], kinds[i] ?? "text", column.name);
        return h("td", { "data-kind": kinds[i], title: whole.length > 40 ? whole : undefined }, isNull ? h("span", { class: "d-null" }, "null") : text);
      }));
    return h("table", {}, h("thead", {}, h("tr", {}, ...columns.map((column) => this.header(column, draft)))), h("tbody", {}, ...rows.map(row)));
  }

  private header(column: Column, draft: Draft): HTMLElement {
    const label = column.label ?? column.name;
    const key = columnKey(label);
    const choice = choiceOf(draft.reading, key);
    const origin = originOf(draft.settings, draft.before, key);
    const { recipe } = draft.reading;
    const found = draft.found ? valueOf(draft.found, key) : null;
    const spec = valueOf(recipe, key) ?? column.type;
    const options = unique([spec, ...(found === null ? [] : [found]), ...(choice?.alternatives ?? []).map((other) => other.value), ...TYPES]);
    const select = h("select", { class: "d-type-of", "aria-label": `Type of ${label}`, "data-part": key, title: choice?.reason || column.type, on: { change: () => this.events.set(key, options[select.selectedIndex]) } }, ...options.map((option) => h("option", { selected: same(option, spec) }, specName(option, recipe))));
    const says = originText(origin, choice, draft);
    return h("th", { scope: "col", "data-column": column.name, "data-origin": origin, "data-doubt": origin === "found" && isDoubtful(choice) ? "true" : undefined, title: label === column.name ? label : `${label} → ${column.name}` }, h("span", { class: "d-column" }, label), h("span", { class: "d-type-line" }, select, says === "found" ? null : h("span", { class: "d-origin" }, says)));
  }

  /** The file's first lines; those that are no rows are dim, those that name columns bold. */
  private lines(draft: Draft): HTMLElement {
    const { recipe, preview } = draft.reading;
    const skip = Number(valueOf(recipe, "skip") ?? 0);
    const head = skip + Number(valueOf(recipe, "header") ?? 0);
    const part = (i: number) => (i < skip ? "before" : i < head ? "header" : "row");
    return h("ol", { class: "d-lines" }, ...(preview.raw ?? []).map((text, i) => h("li", { "data-part-of": part(i) }, h("span", { class: "d-line-number", "aria-hidden": "true" }, count(i + 1)), h("code", {}, text || " "))));
  }
}

function unique(values: unknown[]): unknown[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
