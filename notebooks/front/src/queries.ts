/** Runs one statement to its end. The id is chosen here, so that Stop works before the first answer. */

import type { Api } from "./api.ts";
import { ApiError } from "./problems.ts";
import type { Query, QueryMode } from "./shapes.ts";

const OVER = new Set(["done", "failed", "cancelled"]);
const FIRST_WAIT_MS = 1000;
const WAIT_MS = 10_000;

/** A random UUID, also where the page is not a secure context and `randomUUID` is missing. */
export function uuid(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The finished query; throws ApiError when it was refused or failed. A cancelled one is returned as such. */
export async function runQuery(api: Api, sql: string, options: { id?: string; mode?: QueryMode; limit?: number; asOf?: Record<string, number> | null; signal?: AbortSignal } = {}): Promise<Query> {
  const { id = uuid(), mode = "read", limit, asOf, signal } = options;
  let query = await api.startQuery({ id, sql, mode, wait_ms: FIRST_WAIT_MS, ...(limit ? { limit } : {}), ...(asOf ? { as_of: asOf } : {}) }, signal);
  while (!OVER.has(query.state)) query = await api.query(id, WAIT_MS, signal);
  if (query.state === "failed") throw new ApiError(query.error?.status ?? 500, query.error ?? { code: "query_failed", message: "The query failed." });
  return query;
}
