/** Runs one statement to its end. The id is chosen here, so that Stop works before the first answer. */

import type { Api } from "./api.ts";
import { ApiError } from "./problems.ts";
import type { Query, QueryMode } from "./shapes.ts";

const OVER = new Set(["done", "failed", "cancelled"]);
const FIRST_WAIT_MS = 1000;
const WAIT_MS = 10_000;
const WATCH_MS = 500;

/** A random UUID, also where the page is not a secure context and `randomUUID` is missing. */
export function uuid(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Values for the `$name`s of a statement, and their types. */
export interface Given {
  params: Record<string, unknown>;
  types: Record<string, string>;
}

/** The values that a query ran with. */
export function givenOf({ receipt }: Query): Given {
  return { params: receipt?.params ?? {}, types: receipt?.param_types ?? {} };
}

/** The finished query; throws ApiError when it was refused or failed. A cancelled one is returned as such. */
export async function runQuery(api: Api, sql: string, options: { id?: string; mode?: QueryMode; limit?: number; asOf?: Record<string, number> | null; given?: Given | undefined; signal?: AbortSignal; watch?: (query: Query) => void } = {}): Promise<Query> {
  const { id = uuid(), mode = "read", limit, asOf, given, signal, watch } = options;
  const wanted = { id, sql, mode, wait_ms: FIRST_WAIT_MS, ...(limit ? { limit } : {}), ...(asOf ? { as_of: asOf } : {}), ...(given ? { params: given.params, param_types: given.types } : {}) };
  return over(api, await api.startQuery(wanted, signal), signal, watch);
}

/** The query once it is over, as `runQuery` gives it; `watch` is told twice a second how far it is. */
export async function over(api: Api, begun: Query, signal?: AbortSignal, watch?: (query: Query) => void): Promise<Query> {
  let query = begun;
  while (!OVER.has(query.state)) {
    watch?.(query);
    query = await api.query(query.id, watch ? WATCH_MS : WAIT_MS, signal);
  }
  if (query.state === "failed") throw new ApiError(query.error?.status ?? 500, query.error ?? { code: "query_failed", message: "The query failed." });
  return query;
}
