/** Databases outside, as the data plane answers for them. */

import type { Api } from "./api.ts";
import type { Table } from "./shapes.ts";

/** A database that the workspace has a connection to. */
export interface Connection {
  name: string;
  host: string;
  database: string;
  user: string;
}

/** A table or view there; `name` is how SQL writes it, `rows` an estimate. */
export interface ForeignTable {
  name: string;
  schema: string;
  table: string;
  kind: string;
  rows: number | null;
}

/** What to read: a table or a query. */
export type Wanted = { table: string } | { query: string };
export type ForeignSource = Wanted & { connection: string; params?: Record<string, unknown> };

/** First rows, as texts. */
export interface Sample {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
}

export async function connections(api: Api, signal: AbortSignal): Promise<Connection[]> {
  return (await api.request<{ items: Connection[] }>("/connections", {}, { signal })).items;
}

export async function foreignTables(api: Api, name: string, signal: AbortSignal): Promise<ForeignTable[]> {
  return (await api.request<{ items: ForeignTable[] }>(`/connections/${encodeURIComponent(name)}/tables`, {}, { signal })).items;
}

export function sample(api: Api, { connection, ...wanted }: ForeignSource, limit: number, signal: AbortSignal): Promise<Sample> {
  return api.request(`/connections/${encodeURIComponent(connection)}/sample`, {}, { method: "POST", json: { ...wanted, limit }, signal });
}

/** What a table was read from, where that was a database: to read it again as it is there now. */
export function originOf(table: Table): ForeignSource | null {
  const source = table.source?.recipe?.["source"];
  if (typeof source !== "object" || source === null) return null;
  const { connection, table: there, query, params } = source as Record<string, unknown>;
  if (typeof connection !== "string") return null;
  const given = typeof params === "object" && params !== null ? { params: params as Record<string, unknown> } : {};
  if (typeof there === "string") return { connection, table: there };
  return typeof query === "string" ? { connection, query, ...given } : null;
}

/** A table's name for what is read: its own without the schema, in the form that names have here. */
export function tableNameOf(source: ForeignSource): string {
  const own = "table" in source ? (/([^."]+)"?$/.exec(source.table)?.[1] ?? source.table) : "query";
  const word = own.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  return /^\p{L}/u.test(word) ? word : `t_${word}`;
}
