/** What the values of a saved query are: the type of each, and which may be chosen. */

import { h } from "./dom.ts";
import { textOf, valueOf } from "./parameters.ts";
import type { Parameter } from "./shapes.ts";

const TYPES: Record<string, string> = {
  VARCHAR: "text",
  INTEGER: "whole number",
  BIGINT: "large whole number",
  DOUBLE: "number",
  "DECIMAL(18,3)": "exact number",
  BOOLEAN: "yes or no",
  DATE: "date",
  TIMESTAMP: "date and time",
};

export type Declared = Pick<Parameter, "name" | "type"> & Partial<Parameter>;

/** A parameter as it is declared with this type and these choices; a default that is none of them goes. Throws BadValue. */
export function declared(one: Declared, type: string, choices: string): Declared {
  const item = type.replace(/\[\]$/, "");
  const value = (text: string) => valueOf({ name: one.name, type: item, default: null, required: true, choices: null, description: "" }, text);
  const texts = choices.split(",").map((text) => text.trim()).filter(Boolean);
  const { default: fallback = null, choices: _, ...rest } = one;
  const chosen = texts.length ? { choices: texts.map(value) } : {};
  const kept = Array.isArray(fallback) ? fallback : fallback === null ? [] : [fallback];
  const fits = type === one.type && (!texts.length || kept.every((each) => texts.includes(textOf(each))));
  return { ...rest, type, ...chosen, ...(fallback === null ? {} : fits ? { default: fallback } : { required: true }) };
}

/** A row of fields for each parameter. */
export class ParameterFields {
  readonly element: HTMLElement;
  private readonly rows: { one: Declared; type: HTMLSelectElement; choices: HTMLInputElement }[];

  constructor(parameters: readonly Declared[]) {
    this.rows = parameters.map((one) => ({ one, type: typeSelect(one), choices: h("input", { class: "d-input", value: one.choices?.map(textOf).join(", ") ?? "", placeholder: "any value, or a, b, c", "aria-label": `Choices of ${one.name}`, autocomplete: "off", spellcheck: "false" }) }));
    const rows = this.rows.map(({ one, type, choices }) => h("div", { class: "d-parameter", "data-declared": one.name }, h("b", {}, one.name), type, choices));
    this.element = h("fieldset", { class: "d-parameters", hidden: rows.length === 0 }, h("legend", {}, "Values: what they are, and what may be chosen"), ...rows);
  }

  /** These parameters, which are those of the rows, as the rows declare them; throws BadValue. */
  applied(parameters: readonly Declared[]): Declared[] {
    const fields = new Map(this.rows.map((row) => [row.one.name, row]));
    return parameters.map((one) => {
      const row = fields.get(one.name);
      return row ? declared(one, row.type.value, row.choices.value) : one;
    });
  }
}

function typeSelect({ name, type }: Declared): HTMLSelectElement {
  const lists = Object.entries(TYPES).map(([key, words]): [string, string] => [`${key}[]`, `list: ${words}`]);
  const options = [...Object.entries(TYPES), ...lists];
  if (!options.some(([key]) => key === type)) options.unshift([type, type]);
  return h("select", { class: "d-select", "aria-label": `Type of ${name}` }, ...options.map(([key, words]) => h("option", { value: key, selected: key === type }, words)));
}
