/** What the tree shows, as a list of rows: sections, tables with their columns, files. And where a key leads from a row. */

import { count, kindOf, plain, size, typeWord, type Kind } from "@deita/front/format.ts";
import type { Column, DataFile, Table } from "@deita/front/shapes.ts";
import { tableOf } from "@deita/front/sidebar.ts";

interface Line {
  /** Names the row, also after the lists have changed. */
  key: string;
  level: 1 | 2 | 3;
  label: string;
  /** What stands at its right. */
  detail: string;
  /** Null where there is nothing to open. */
  open: boolean | null;
  /** What `turned` has once somebody opens or closes it. */
  turn: string;
  /** Its place among its siblings, from 1, and their number. */
  place: number;
  siblings: number;
}

export type Row = Line & ({ kind: "section" } | { kind: "table"; table: Table } | { kind: "column"; column: Column; of: Kind } | { kind: "file"; file: DataFile; table: Table | null });

export interface Contents {
  tables: Table[];
  files: DataFile[];
}

export interface Outline {
  rows: Row[];
  /** Rows that are left out because there are too many. */
  more: number;
}

/** As many rows as a browser draws at once without a pause that is felt. */
export const MOST_ROWS = 1500;

/**
 * The rows to show. `turned` says which stand otherwise than they begin: sections begin open, tables closed, and tables that a
 * column was found in open.
 */
export function outline({ tables, files }: Contents, filter: string, turned: ReadonlySet<string>): Outline {
  const words = filter.trim().toLowerCase();
  const rows = [...section("Tables", tables.flatMap((table) => tableRows(table, words, turned)), turned), ...section("Files", files.filter(({ name }) => matches(name, words)).map((file) => fileRow(file, tables)), turned)];
  return { rows: rows.slice(0, MOST_ROWS), more: Math.max(0, rows.length - MOST_ROWS) };
}

function matches(name: string, words: string): boolean {
  return name.toLowerCase().includes(words);
}

function section(label: string, found: Row[], turned: ReadonlySet<string>): Row[] {
  const key = `section ${label}`;
  const open = !turned.has(key);
  const items = found.filter(({ level }) => level === 2);
  items.forEach((row, at) => Object.assign(row, { place: at + 1, siblings: items.length }));
  const head: Row = { kind: "section", key, level: 1, label, detail: count(items.length), open, turn: key, place: label === "Tables" ? 1 : 2, siblings: 2 };
  return open ? [head, ...found] : [head];
}

/** A table and, where it is open, its columns: all of them, or those that were found. */
function tableRows(table: Table, words: string, turned: ReadonlySet<string>): Row[] {
  const named = matches(table.name, words);
  const found = named ? table.columns : table.columns.filter(({ name }) => matches(name, words));
  if (!named && !found.length) return [];
  const turn = `${named ? "" : "found "}${table.name}`;
  const open = turned.has(turn) === named;
  const row: Row = { kind: "table", key: `table ${table.name}`, level: 2, label: table.name, detail: count(table.rows), open, turn, place: 1, siblings: 1, table };
  const columns = found.map((column, at): Row => {
    const { name, type } = column;
    return { kind: "column", key: `column ${table.name} ${name}`, level: 3, label: name, detail: typeWord(type), open: null, turn: "", place: at + 1, siblings: found.length, column, of: kindOf(type) };
  });
  return open ? [row, ...columns] : [row];
}

function fileRow(file: DataFile, tables: Table[]): Row {
  return { kind: "file", key: `file ${file.name}`, level: 2, label: file.name, detail: size(file.size), open: null, turn: "", place: 1, siblings: 1, file, table: tableOf(file, tables) ?? null };
}

/** What a row is called in a statement; null for what cannot stand in one. */
export function nameInSql(row: Row): string | null {
  if (row.kind === "file") return row.table && plain(row.table.name);
  return row.kind === "section" ? null : plain(row.label);
}

/** What a key does to the row that has the focus, as trees do (https://www.w3.org/WAI/ARIA/apg/patterns/treeview). */
export function keyMeans(rows: Row[], focused: string, key: string): { focus: string } | "turn" | null {
  const at = rows.findIndex((row) => row.key === focused);
  const row = rows[at];
  const to = (index: number) => (rows[index] ? { focus: rows[index].key } : null);
  if (!row) return null;
  if (key === "ArrowDown") return to(at + 1);
  if (key === "ArrowUp") return to(at - 1);
  if (key === "Home") return to(0);
  if (key === "End") return to(rows.length - 1);
  if (key === "ArrowRight" && row.open !== null) return row.open ? to(at + 1) : "turn";
  if (key === "ArrowLeft" && row.open) return "turn";
  if (key === "ArrowLeft") return to(rows.findLastIndex((other, index) => index < at && other.level < row.level));
  return null;
}
