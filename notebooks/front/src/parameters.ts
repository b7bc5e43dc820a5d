/** The `$name`s of a statement: which there are, and how what is typed in for one becomes a value of its type. */

import type { Parameter, StatementParameter } from "./shapes.ts";

/** A value that is missing or is none of its type; the person is told at its field. */
export class BadValue extends Error {
  readonly parameter: string;

  constructor(parameter: string, text: string) {
    super(text);
    this.name = "BadValue";
    this.parameter = parameter;
  }
}

export type FieldKind = "text" | "number" | "date" | "time" | "yes" | "list";

/** What a field for a type looks like. */
export function fieldKind(type: string): FieldKind {
  if (type.endsWith("[]")) return "list";
  if (type === "DATE") return "date";
  if (type === "TIMESTAMP") return "time";
  if (type === "BOOLEAN") return "yes";
  return type === "VARCHAR" ? "text" : "number";
}

/** Whether a statement may have parameters at all; the data plane knows which. */
export function mayHave(sql: string): boolean {
  return /\$[\p{L}_]/u.test(sql);
}

const NEAREST: [RegExp, string][] = [
  [/^(VARCHAR|INTEGER|BIGINT|DOUBLE|BOOLEAN|DATE|TIMESTAMP|DECIMAL(\(\d+,\d+\))?)$/, "$1"],
  [/^U?(TINYINT|SMALLINT)$/, "INTEGER"],
  [/^(UINTEGER|UBIGINT|U?HUGEINT)$/, "BIGINT"],
  [/^FLOAT$/, "DOUBLE"],
  [/^TIMESTAMP.*$/, "TIMESTAMP"],
];

/** The type that a value can have which its place asks for. */
export function nearestType(type: string | null): string {
  const many = type?.endsWith("[]") ? "[]" : "";
  const item = (type ?? "VARCHAR").replace(/\[\]$/, "");
  const found = NEAREST.find(([pattern]) => pattern.test(item));
  return found ? item.replace(found[0], found[1]) + many : "VARCHAR";
}

/** The parameters of a statement, with what is declared of them; names are the same in capitals. */
export function merged(found: StatementParameter[], declared: Parameter[]): Parameter[] {
  const known = new Map(declared.map((one) => [one.name.toLowerCase(), one]));
  const once = new Map([...found].reverse().map((one) => [one.name.toLowerCase(), one.name]));
  return found.filter(({ name }) => once.get(name.toLowerCase()) === name).map(({ name, type }) => known.get(name.toLowerCase()) ?? { name, type: nearestType(type), default: null, required: true, choices: null, description: "" });
}

/** A default or a choice as it stands in a field. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.map(textOf).join(", ") : String(value);
}

/** The value that was typed in; null for nothing, the default where there is one. Throws BadValue. */
export function valueOf(parameter: Parameter, typed: string | undefined): unknown {
  const { name, type } = parameter;
  const text = typed?.trim() ?? "";
  if (text === "") {
    if (parameter.required) throw new BadValue(name, `Give ${name} a value.`);
    return parameter.default ?? null;
  }
  if (!type.endsWith("[]")) return scalar(name, type, type === "VARCHAR" ? (typed ?? "") : text);
  return text.split(",").map((item) => scalar(name, type.slice(0, -2), item.trim()));
}

function scalar(name: string, type: string, text: string): unknown {
  const kind = fieldKind(type);
  if (kind === "number" && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new BadValue(name, `${name} must be a number.`);
  return kind === "yes" ? text === "true" : text; // numbers travel as text: all their digits arrive
}
