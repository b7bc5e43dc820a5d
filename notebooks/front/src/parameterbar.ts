/** A field for each `$name` of the statement, by its type, above the editor. Enter runs. */

import type { Api } from "./api.ts";
import { Latest, fill, h } from "./dom.ts";
import { BadValue, fieldKind, mayHave, merged, textOf, valueOf } from "./parameters.ts";
import type { Declared } from "./parameterfields.ts";
import type { Given } from "./queries.ts";
import type { Parameter } from "./shapes.ts";

const LOOK_MS = 350;
const MODES = { text: "text", list: "text", number: "decimal" } as const;
const TYPES: Record<string, string> = { date: "date", time: "datetime-local" };

export interface ParameterEvents {
  changed: (values: Record<string, string>) => void;
  run: () => void;
}

export class ParameterBar {
  readonly element = h("form", { class: "d-params", "aria-label": "Values", novalidate: true, hidden: true });
  private readonly api: Api;
  private readonly events: ParameterEvents;
  private readonly latest = new Latest();
  private parameters: Parameter[] = [];
  private declared: Parameter[] = [];
  private values: Record<string, string> = {};
  private sql = "";
  private looking: Promise<void> = Promise.resolve();

  constructor(api: Api, events: ParameterEvents) {
    this.api = api;
    this.events = events;
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      events.run();
    });
  }

  /** What is known of the parameters of a saved statement; of others nothing is. */
  declare(declared: Parameter[], values: Record<string, string>): void {
    this.declared = declared;
    this.values = values;
    this.sql = "";
    this.latest.stop();
    this.parameters = [];
    this.show(declared);
  }

  /** Keeps the fields in step with the statement. */
  follow(sql: string, soon = false): void {
    if (sql === this.sql) return;
    this.sql = sql;
    const signal = this.latest.next();
    if (!mayHave(sql)) return this.show([]);
    this.looking = this.look(sql, signal, soon ? 0 : LOOK_MS);
  }

  private async look(sql: string, signal: AbortSignal, wait: number): Promise<void> {
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    if (signal.aborted) return;
    try {
      const { parameters, error } = await this.api.validate(sql, signal);
      if (!signal.aborted && (parameters.length || !error)) this.show(merged(parameters, this.declared));
    } catch {
      // running the statement tells what is wrong
    }
  }

  /** The values and their types, once it is known which there are; throws BadValue. */
  async given(sql: string): Promise<Given | undefined> {
    this.follow(sql, true);
    await this.looking;
    if (!this.parameters.length) return undefined;
    try {
      const params = Object.fromEntries(this.parameters.map((one) => [one.name, valueOf(one, this.values[one.name])]));
      return { params, types: Object.fromEntries(this.parameters.map(({ name, type }) => [name, type])) };
    } catch (error) {
      if (error instanceof BadValue) this.field(error.parameter)?.focus();
      throw error;
    }
  }

  /** The parameters as a save declares them; with `keep` the present values become their defaults. */
  declaration(keep: boolean): Declared[] {
    return this.parameters.map((one) => {
      const typed = keep && this.values[one.name]?.trim() ? valueOf(one, this.values[one.name]) : null;
      const fallback = typed ?? one.default;
      const { name, type, choices, description } = one;
      return { name, type, description, ...(choices ? { choices } : {}), ...(fallback === null ? { required: one.required } : { default: fallback }) };
    });
  }

  /** What an address says of the values. */
  get address(): [string, string][] {
    return this.parameters.flatMap(({ name, type }): [string, string][] => {
      const text = this.values[name] ?? "";
      if (!text.trim()) return [];
      return type.endsWith("[]") ? text.split(",").map((item) => [name, item.trim()]) : [[name, text]];
    });
  }

  get count(): number {
    return this.parameters.length;
  }

  private show(parameters: Parameter[]): void {
    const same = JSON.stringify(parameters) === JSON.stringify(this.parameters);
    this.parameters = parameters;
    this.element.hidden = parameters.length === 0;
    if (!same || this.element.childElementCount !== parameters.length) fill(this.element, ...parameters.map((one) => this.labelled(one)), h("button", { hidden: true }));
  }

  private labelled(one: Parameter): HTMLElement {
    const hint = [one.type, one.description, one.required ? "" : "may be left out"].filter(Boolean).join(" · ");
    return h("label", { class: "d-param", title: hint }, h("span", {}, one.name, one.required || one.default !== null ? null : h("i", { class: "d-muted" }, " optional")), this.control(one));
  }

  private control(one: Parameter): HTMLElement {
    const kind = fieldKind(one.type);
    const value = this.values[one.name] ?? textOf(one.default);
    const options = kind === "yes" ? [["true", "yes"], ["false", "no"]] : kind === "list" ? null : one.choices?.map((choice) => [textOf(choice), textOf(choice)]);
    const common = { "data-param": one.name, name: one.name, required: one.required, autocomplete: "off" };
    const note = (event: Event) => this.note(one.name, (event.target as HTMLInputElement).value);
    if (options) return h("select", { ...common, class: "d-select", on: { change: note } }, h("option", { value: "" }, "—"), ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text ?? "")));
    const hint = kind === "list" ? (one.choices?.map(textOf).join(", ") ?? "a, b, c") : textOf(one.default);
    return h("input", { ...common, class: "d-input", type: TYPES[kind] ?? "text", step: kind === "time" ? "1" : undefined, inputmode: MODES[kind as keyof typeof MODES], placeholder: hint, value, size: kind === "number" ? "8" : "14", spellcheck: "false", on: { input: note } });
  }

  private note(name: string, text: string): void {
    this.values = { ...this.values, [name]: text };
    this.events.changed(this.values);
  }

  private field(name: string): HTMLElement | undefined {
    return [...this.element.querySelectorAll<HTMLElement>("[data-param]")].find((node) => node.dataset["param"] === name);
  }
}
