/** Numbers, sizes, times and cells as people read them. Nothing is rounded without saying so. */

import { KEYWORDS } from "./keywords.ts";

export type Kind = "number" | "text" | "date" | "time" | "boolean" | "nested" | "binary";

const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|U?INTEGER|FLOAT|DOUBLE|REAL|DECIMAL|NUMERIC|BIGNUM|VARINT)/;
/** Whole numbers that name things instead of counting them: a year is 2013, not 2,013. */
const NAMES_THINGS = /(^|[_\s])(year|yr|id|code|zip|zipcode|postcode|phone|number|no|nr)$/i;
const LONG = 400;

/** The kind of a DuckDB type name. */
export function kindOf(type: string): Kind {
  const name = type.toUpperCase();
  if (/[[\]]|^(STRUCT|MAP|LIST|UNION|JSON|ARRAY)/.test(name)) return "nested";
  if (NUMBER.test(name)) return "number";
  if (name === "BOOLEAN" || name === "BOOL") return "boolean";
  if (/^(DATE|TIMESTAMP|DATETIME)/.test(name)) return "date";
  if (/^(TIME|INTERVAL)/.test(name)) return "time";
  if (/^(BLOB|BIT|BYTEA)/.test(name)) return "binary";
  return "text";
}

/** A type in a plain word; the exact name belongs into the tooltip. */
export function typeWord(type: string): string {
  const name = type.toUpperCase();
  const kind = kindOf(type);
  if (kind === "number") return /INT/.test(name) ? "number" : "decimal";
  if (kind === "date") return name === "DATE" ? "date" : "date & time";
  if (kind === "time") return name.startsWith("INTERVAL") ? "duration" : "time";
  if (kind === "boolean") return "yes / no";
  if (kind === "nested") return /\[\]$|^LIST/.test(name) ? "list" : "nested";
  return kind;
}

/** Thousands separators in the whole part of a decimal number's text, every other digit as it is. */
export function group(text: string): string {
  const parts = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (!parts) return text;
  return (parts[1] ?? "") + (parts[2] ?? "").replace(/\B(?=(\d{3})+$)/g, ",") + (parts[3] ?? "");
}

export function count(n: number): string {
  return group(String(n));
}

export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

export interface Cell {
  text: string;
  /** The whole value where `text` is cut. */
  whole: string;
  isNull: boolean;
}

/** A value of a JSON page as text. */
export function cell(value: unknown, kind: Kind, column = ""): Cell {
  if (value === null || value === undefined) return { text: "null", whole: "", isNull: true };
  const raw = typeof value === "object" ? JSON.stringify(value) : String(value);
  let text = raw;
  if (kind === "number" && !NAMES_THINGS.test(column)) text = group(raw);
  else if (kind === "date") text = raw.replace("T", " ");
  else if (kind === "boolean") text = value === true || raw === "true" ? "yes" : "no";
  else text = raw.replace(/[\r\n\t]+/g, " ⏎ ");
  if (text.length > LONG) text = `${text.slice(0, LONG)}…`;
  return { text, whole: raw, isNull: false };
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 12_400_000 → "12.4 MB". */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** Milliseconds as "12 ms", "1.2 s", "2 min 5 s". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "3 min ago"; the exact time belongs into the tooltip. */
export function ago(iso: string, now: number = Date.now()): string {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  const days = Math.round(seconds / 86400);
  return days < 30 ? counted(days, "day") + " ago" : iso.slice(0, 10);
}

/** A name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as one would type it: quoted only where SQL needs it. */
export function plain(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name) ? name : identifier(name);
}
