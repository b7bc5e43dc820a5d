/** The parts of a recipe that a person can set: which there are, what they can be, and how that is said in words. */

import { labelOf } from "./recipe.ts";
import type { Choice, Recipe } from "./shapes.ts";

export type Field = {
  key: string;
  label: string;
  help: string;
} & ({ kind: "choice"; options: readonly unknown[] } | { kind: "number"; most: number } | { kind: "text" } | { kind: "words" });

const ENCODINGS = ["utf-8", "cp1252", "latin-1", "iso8859-2", "cp1250", "cp1251", "utf-16", "shift_jis", "gb18030"];
const DATES = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d"];

export const FIELDS: readonly Field[] = [
  { key: "encoding", label: "Characters", help: "How letters are stored. Wrong letters like Ã¼ mean that this is wrong.", kind: "choice", options: ENCODINGS },
  { key: "delimiter", label: "Columns are parted by", help: "The character between two values.", kind: "choice", options: [",", ";", "\t", "|", ":", " "] },
  { key: "quote", label: "Quotes", help: "The character around text that may hold the one between columns.", kind: "choice", options: ['"', "'", ""] },
  { key: "sheet", label: "Sheet", help: "The sheet that becomes the table.", kind: "choice", options: [] },
  { key: "range", label: "Cells", help: "The part of the sheet, like A3:F200.", kind: "text" },
  { key: "header", label: "Header rows", help: "How many rows name the columns.", kind: "choice", options: [0, 1, 2, 3] },
  { key: "skip", label: "Lines before it", help: "Lines at the top that are no rows: titles, notes.", kind: "number", most: 100_000 },
  { key: "footer", label: "Lines after it", help: "Lines at the end that are no rows: sums, notes.", kind: "number", most: 100_000 },
  { key: "decimal", label: "Decimal mark", help: "1.5 or 1,5.", kind: "choice", options: [".", ","] },
  { key: "thousands", label: "Thousands mark", help: "1,000 or 1.000.", kind: "choice", options: [null, ",", ".", " ", "'"] },
  { key: "date_format", label: "Dates", help: "The order of day, month and year.", kind: "choice", options: DATES },
  { key: "null_words", label: "Words for nothing", help: "Values that mean that there is none, parted by commas. What you set goes for all columns.", kind: "words" },
  { key: "comment", label: "Comments begin with", help: "Lines that begin so are left out.", kind: "choice", options: ["", "#", "//", ";", "%"] },
];

const MARKS: Record<string, string> = { ",": "comma ,", ";": "semicolon ;", "\t": "tab", "|": "bar |", ":": "colon :", " ": "space", ".": "point .", '"': 'double "', "'": "single '", "#": "#", "": "none" };
const LETTERS: Record<string, string> = { "utf-8": "Unicode (UTF-8)", "utf-8-sig": "Unicode (UTF-8)", "utf-16": "Unicode (UTF-16)", cp1252: "Western (Windows 1252)", "latin-1": "Western (Latin-1)", "iso8859-1": "Western (Latin-1)", "iso8859-2": "Central European (Latin-2)", cp1250: "Central European (Windows 1250)", cp1251: "Cyrillic (Windows 1251)", shift_jis: "Japanese (Shift JIS)", gb18030: "Chinese (GB 18030)" };
const HEADERS = ["none: columns get numbers", "the first row", "the first two rows", "the first three rows"];
const PARTS: Record<string, string> = { d: "day", m: "month", Y: "year", y: "year (2 digits)", b: "month’s name", B: "month’s name", H: "hour", M: "minute", S: "second" };

/** The parts that this recipe has. */
export function fieldsOf(recipe: Recipe): Field[] {
  return FIELDS.filter(({ key }) => key in recipe && !(key === "sheet" && recipe[key] === null));
}

/** A value in words, as a person would say it. */
export function wordOf(key: string, value: unknown, recipe: Recipe = {}): string {
  if (Array.isArray(value) || key === "null_words") return wordsText(value) || "none";
  if (key === "date_format" || key === "timestamp_format") return value ? String(value).replace(/%-?([A-Za-z])/g, (whole, letter: string) => PARTS[letter] ?? whole) : "year-month-day";
  if (key === "encoding") return LETTERS[String(value).toLowerCase().replace("_", "-")] ?? LETTERS[String(value)] ?? String(value);
  if (key === "header") return HEADERS[Number(value)] ?? `the first ${Number(value)} rows`;
  if (labelOf(key) !== null) return specName(value, recipe);
  if (value === null || value === undefined) return "none";
  return MARKS[String(value)] ?? String(value);
}

/** What a choice can be: the usual values, what is found here, what else it could be; each once. */
export function optionsOf(field: Field, ...seen: unknown[]): unknown[] {
  const options = field.kind === "choice" ? field.options : [];
  const plain = (value: unknown) => (value === undefined ? null : value);
  return [...new Map([...seen.map(plain), ...options].map((value) => [JSON.stringify(value), value])).values()];
}

/** Null words as one line of text, of all columns or those of each; that nothing at all is nothing goes without saying. */
export function wordsText(words: unknown): string {
  const lists: unknown[] = typeof words === "object" && words !== null ? Object.values(words) : [];
  return [...new Set(lists.flat())].filter((word) => word !== "").join(", ");
}

export function wordsOf(text: string): string[] {
  return ["", ...new Set(text.split(",").map((word) => word.trim()).filter((word) => word !== ""))];
}

/** Types that a column can be given, most common first. */
export const TYPES = ["VARCHAR", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "TIME", "BOOLEAN"];
const TYPE_NAMES: Record<string, string> = { VARCHAR: "text", BIGINT: "whole number", INTEGER: "whole number", HUGEINT: "very large number", DOUBLE: "decimal number", DATE: "date", TIMESTAMP: "date & time", "TIMESTAMP WITH TIME ZONE": "date & time (zone)", TIME: "time", BOOLEAN: "yes / no" };

export function typeName(type: string): string {
  if (/^DECIMAL/.test(type)) return `exact ${type.toLowerCase()}`;
  return TYPE_NAMES[type] ?? type.toLowerCase();
}

/** A column's type, or the object that says more of it, in words. */
export function specName(spec: unknown, recipe: Recipe = {}): string {
  const full = (typeof spec === "object" && spec !== null ? spec : { type: String(spec) }) as Record<string, unknown>;
  const type = String(full["type"]);
  const order = full["format"] ?? (type === "DATE" ? recipe["date_format"] : type === "TIMESTAMP" ? recipe["timestamp_format"] : null);
  const details = [order ? wordOf("date_format", order) : "", full["decimal"] ? `1${String(full["decimal"])}5` : "", full["unit"] ? String(full["unit"]) : ""];
  return [typeName(type), ...details.filter(Boolean)].join(", ");
}

/** From here on a reading is as good as certain and needs no words about it. */
const SURE = 0.9;
const DOUBTFUL = 0.8;

/** How sure something is, in words; nothing where there is hardly a doubt. */
export function sureness(confidence: number): string {
  return confidence >= SURE ? "" : `${Math.floor(confidence * 100)} % sure`;
}

export function isSure(choice: Choice | null): boolean {
  return choice === null || choice.confidence >= SURE;
}

export function isDoubtful(choice: Choice | null): boolean {
  return choice !== null && choice.confidence < DOUBTFUL;
}
