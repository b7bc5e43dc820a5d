/** The recipe as a form: each part with what was found, how sure that is, what else it could be, and the way back to it. */

import { button, fill, h, type Child } from "./dom.ts";
import { choiceOf, labelOf, originOf, same, valueOf, type Origin, type Settings } from "./recipe.ts";
import { TYPES, fieldsOf, isDoubtful, isSure, optionsOf, sureness, wordOf, wordsOf, wordsText, type Field } from "./reviewfields.ts";
import type { Choice, Reading, Recipe } from "./shapes.ts";

export interface FormEvents {
  set: (key: string, value: unknown) => void;
  reset: (key: string) => void;
}

/** What a form shows: a reading, what was set before it was opened, what is set now, and what was found by itself. */
export interface Draft {
  reading: Reading;
  before: Settings;
  settings: Settings;
  /** The recipe without any setting; null while it is not known. */
  found: Recipe | null;
  /** The version that the table was read into, for what was set then. */
  version: number | null;
}

const CHIPS = 4;
const DOUBTS = 12;

export class ReviewForm {
  readonly element = h("form", { class: "d-recipe", "aria-label": "How the file is read" });
  private readonly events: FormEvents;

  constructor(events: FormEvents) {
    this.events = events;
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  show(draft: Draft): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset["part"];
    const fields = [...doubts(draft), ...fieldsOf(draft.reading.recipe)];
    fill(this.element, h("h2", {}, "How it is read"), ...fields.map((field) => this.field(field, draft)), fields.length ? null : h("p", { class: "d-muted" }, "This format says itself how it is read; only the types of columns can be changed."));
    if (focused) this.element.querySelector<HTMLElement>(`[data-part="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  skeleton(): void {
    fill(this.element, h("h2", {}, "How it is read"), ...Array.from({ length: 6 }, (_, i) => h("div", { class: "d-part" }, h("i", { class: "d-bone", style: { width: `${40 + ((i * 23) % 40)}%` } }), h("i", { class: "d-bone", style: { width: "90%" } }))));
  }

  private field(field: Field, draft: Draft): HTMLElement {
    const { key, label } = field;
    const value = valueOf(draft.reading.recipe, key);
    const choice = choiceOf(draft.reading, key);
    const origin = originOf(draft.settings, draft.before, key);
    const id = `d-part-${labelOf(key) === null ? key : `column-${draft.reading.preview.columns.findIndex((column) => column.label === labelOf(key))}`}`;
    const reason = origin === "found" && choice && !isSure(choice) ? h("p", { class: "d-reason", id: `${id}-why` }, choice.reason) : null;
    return h(
      "div",
      { class: "d-part", "data-origin": origin, "data-doubt": origin === "found" && isDoubtful(choice) ? "true" : undefined },
      h("div", { class: "d-part-line" }, h("label", { for: id, title: field.help }, label), h("span", { class: "d-origin" }, originText(origin, choice, draft))),
      this.control(field, id, value, choice, draft, reason !== null),
      this.chips(field, value, choice, draft.reading.recipe),
      reason,
      origin === "found" ? null : button(`Back to ${this.foundWord(key, draft)}`, () => this.events.reset(key), { class: "d-link d-reset", "data-part": `${key} reset` }),
    );
  }

  private foundWord(key: string, draft: Draft): string {
    return draft.found && valueOf(draft.found, key) !== undefined ? wordOf(key, valueOf(draft.found, key), draft.found) : "what is found";
  }

  private control(field: Field, id: string, value: unknown, choice: Choice | null, draft: Draft, explained: boolean): HTMLElement {
    const { key } = field;
    const props = { id, "data-part": key, title: field.help, "aria-describedby": explained ? `${id}-why` : undefined };
    if (field.kind === "choice") {
      const seen = [value, ...(draft.found ? [valueOf(draft.found, key)] : []), ...(choice?.alternatives ?? []).map((other) => other.value)];
      const options = optionsOf(field, ...seen);
      const select = h("select", { class: "d-select", ...props, on: { change: () => this.events.set(key, options[select.selectedIndex]) } }, ...options.map((option) => h("option", { selected: same(option, value) }, wordOf(key, option, draft.reading.recipe))));
      return select;
    }
    if (field.kind === "number") {
      const most = field.most;
      const input = h("input", { type: "number", class: "d-input", min: 0, max: most, step: 1, value: Number(value ?? 0), ...props, on: { change: () => this.events.set(key, Math.min(most, Math.max(0, Math.round(input.valueAsNumber || 0)))) } });
      return input;
    }
    const words = field.kind === "words";
    const text = words ? wordsText(value) : String(value ?? "");
    const input = h("input", { type: "text", class: "d-input", value: text, spellcheck: "false", autocomplete: "off", placeholder: words ? "only empty values" : "", ...props, on: { change: () => this.events.set(key, words ? wordsOf(input.value) : input.value.trim() || null) } });
    return input;
  }

  private chips(field: Field, value: unknown, choice: Choice | null, recipe: Recipe): HTMLElement | null {
    const others = (choice?.alternatives ?? []).filter((other) => !same(other.value, value)).slice(0, CHIPS);
    if (!others.length) return null;
    const chip = (other: { value: unknown; reason: string }, at: number) => h("button", { type: "button", class: "d-chip", title: other.reason, "data-part": `${field.key} chip ${at}`, on: { click: () => this.events.set(field.key, other.value) } }, wordOf(field.key, other.value, recipe));
    return h("div", { class: "d-chips", role: "group", "aria-label": `${field.label}: what else it could be` }, ...others.map(chip));
  }
}

/** Columns whose type is doubtful, or was and has been set: they come first. */
function doubts({ reading, settings, before }: Draft): Field[] {
  const asked = [...settings.keys()].filter((key) => labelOf(key) !== null && originOf(settings, before, key) === "set");
  const keys = [...reading.preview.choices.filter(isDoubtful).map(({ key }) => key).filter((key) => labelOf(key) !== null), ...asked];
  return [...new Set(keys)].slice(0, DOUBTS).map((key) => ({ key, label: `Column ${labelOf(key)}`, help: "The type of this column.", kind: "choice", options: TYPES }));
}

/** Where a part comes from, in words. */
export function originText(origin: Origin, choice: Choice | null, draft: Pick<Draft, "version">): Child {
  if (origin === "set") return "set by you";
  if (origin === "kept") return draft.version ? `as in v${draft.version}` : "as asked";
  return choice ? sureness(choice.confidence) || "found" : "found";
}
