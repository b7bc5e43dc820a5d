/** The data plane as functions. Bytes and rows travel here, by fetch with the browser's cookie, never over the widget's socket. */

import type { ForeignSource } from "./foreignapi.ts";
import { Offline, problemFrom } from "./problems.ts";
import type {
  Completions,
  DataFile,
  Import,
  ImportMode,
  Lineage,
  Page,
  PastQuery,
  Profile,
  Query,
  QueryMode,
  ReadVersion,
  Reading,
  Receipt,
  Recipe,
  Reject,
  ResumableUpload,
  SavedContent,
  SavedQuery,
  SavedVersion,
  Table,
  Undone,
  Validation,
  Version,
  Workspace,
} from "./shapes.ts";

const LIST_PAGES = 20;
const LINEAGE_STEPS = 6;

export interface QueryRequest {
  id: string;
  sql: string;
  mode?: QueryMode;
  limit?: number;
  wait_ms?: number;
  as_of?: Record<string, number>;
  params?: Record<string, unknown>;
  param_types?: Record<string, string>;
}

export interface ImportRequest {
  file?: string;
  source?: ForeignSource;
  sha256?: string;
  table?: string;
  mode?: ImportMode;
  recipe?: Recipe;
  confirm?: boolean;
}

/** Stored bytes, and how to read them. */
export interface PreviewRequest {
  file: string;
  sha256?: string;
  recipe: Recipe;
}

/** A parameter of an address; a list repeats it. */
type Parameter = string | number | readonly string[] | undefined;

/** Which rows, in which order, as the address of rows and results takes them. */
export type Selection = { order?: string; filter?: readonly string[] };

type Options = { method?: string; json?: unknown; signal?: AbortSignal | undefined; keepalive?: boolean; headers?: Record<string, string> };

/** The value of a cookie; the browser lists the one of the longest path first. */
export function cookie(name: string, jar: string = document.cookie): string | null {
  const found = jar.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : null;
}

/** Only a path of this very site: a trait that came over the socket must not send the cookie's token elsewhere. */
export function sameOriginPath(value: string, origin: string = location.origin): string {
  const url = new URL(value, origin);
  if (url.origin !== origin) throw new Error("The address of the workspace is on another site.");
  return url.pathname.replace(/\/+$/, "");
}

export class Api {
  readonly base: string;

  constructor(base: string) {
    this.base = sameOriginPath(base);
  }

  headers(): Record<string, string> {
    const xsrf = cookie("_xsrf");
    return xsrf ? { "X-XSRFToken": xsrf } : {};
  }

  url(path: string, query: Record<string, Parameter> = {}): string {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== "") search.append(key, String(one));
    const text = search.toString();
    return `${this.base}${path}${text ? `?${text}` : ""}`;
  }

  async request<T>(path: string, query: Record<string, Parameter> = {}, options: Options = {}): Promise<T> {
    const init: RequestInit = {
      method: options.method ?? "GET",
      headers: { Accept: "application/json", ...this.headers(), ...options.headers },
      credentials: "same-origin",
      keepalive: options.keepalive ?? false,
    };
    if (options.signal) init.signal = options.signal;
    if (options.json !== undefined) {
      init.body = JSON.stringify(options.json);
      (init.headers as Record<string, string>)["Content-Type"] = "application/json";
    }
    let response: Response;
    try {
      response = await fetch(this.url(path, query), init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Offline();
    }
    const body = await response.json().catch(() => null);
    if (!response.ok) throw problemFrom(response.status, body);
    return body as T;
  }

  /** Every item of a list, at most `LIST_PAGES` pages of it. */
  private async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < LIST_PAGES; page++) {
      const answer = await this.request<{ items: T[]; next: string | null }>(path, { cursor });
      items.push(...answer.items);
      if (!answer.next) break;
      cursor = answer.next;
    }
    return items;
  }

  workspace(): Promise<Workspace> {
    return this.request("/workspace");
  }

  tables(): Promise<Table[]> {
    return this.all("/tables");
  }

  files(): Promise<DataFile[]> {
    return this.all("/files");
  }

  /** A table as it was. */
  table(name: string, version: number, signal?: AbortSignal): Promise<Table> {
    return this.request(`/tables/${encodeURIComponent(name)}`, { version }, { signal });
  }

  versions(table: string, cursor?: string, signal?: AbortSignal): Promise<{ items: Version[]; next: string | null }> {
    return this.request(`/tables/${encodeURIComponent(table)}/versions`, { cursor }, { signal });
  }

  restore(table: string, version: number): Promise<Table> {
    return this.request(`/tables/${encodeURIComponent(table)}/restore`, {}, { method: "POST", json: { version } });
  }

  profile(table: string, version: number, signal?: AbortSignal): Promise<Profile> {
    return this.request(`/tables/${encodeURIComponent(table)}/profile`, { version }, { signal });
  }

  rows(table: string, at: { cursor?: string | undefined; limit: number; version?: number } & Selection, signal?: AbortSignal): Promise<Page> {
    return this.request(`/tables/${encodeURIComponent(table)}/rows`, at, { signal });
  }

  remove(kind: "tables" | "files" | "saved-queries", name: string, keepalive = false): Promise<void> {
    return this.request(`/${kind}/${encodeURIComponent(name)}`, {}, { method: "DELETE", keepalive });
  }

  savedQueries(): Promise<SavedQuery[]> {
    return this.all("/saved-queries");
  }

  saveQuery(content: SavedContent): Promise<SavedQuery> {
    return this.request("/saved-queries", {}, { method: "POST", json: content });
  }

  changeQuery(slug: string, content: SavedContent): Promise<SavedQuery> {
    return this.request(`/saved-queries/${encodeURIComponent(slug)}`, {}, { method: "PATCH", json: content });
  }

  savedVersions(slug: string, cursor?: string, signal?: AbortSignal): Promise<{ items: SavedVersion[]; next: string | null }> {
    return this.request(`/saved-queries/${encodeURIComponent(slug)}/versions`, { cursor }, { signal });
  }

  restoreQuery(slug: string, version: number): Promise<SavedQuery> {
    return this.request(`/saved-queries/${encodeURIComponent(slug)}/restore`, {}, { method: "POST", json: { version } });
  }

  /** Where a saved query's whole result is, for whoever may read here. */
  endpointUrl(slug: string, format: string, values: [string, string][]): string {
    const search = new URLSearchParams(values).toString();
    return new URL(`${this.url(`/q/${encodeURIComponent(slug)}.${format}`)}${search ? `?${search}` : ""}`, location.origin).href;
  }

  validate(sql: string, signal?: AbortSignal): Promise<Validation> {
    return this.request("/queries/validate", {}, { method: "POST", json: { sql }, signal });
  }

  startQuery(request: QueryRequest, signal?: AbortSignal): Promise<Query> {
    return this.request("/queries", {}, { method: "POST", json: request, signal });
  }

  query(id: string, waitMs: number, signal?: AbortSignal): Promise<Query> {
    return this.request(`/queries/${id}`, { wait_ms: waitMs }, { signal });
  }

  cancelQuery(id: string): Promise<Query> {
    return this.request(`/queries/${id}`, {}, { method: "DELETE" });
  }

  receipt(id: string, signal?: AbortSignal): Promise<Receipt> {
    return this.request(`/queries/${encodeURIComponent(id)}/receipt`, {}, { signal });
  }

  lineage(table: string, version: number, signal?: AbortSignal): Promise<Lineage> {
    return this.request(`/tables/${encodeURIComponent(table)}/lineage`, { version, depth: LINEAGE_STEPS }, { signal });
  }

  undo(id: string): Promise<Undone> {
    return this.request(`/queries/${encodeURIComponent(id)}/undo`, {}, { method: "POST" });
  }

  rerun(id: string, asOf: "then" | "now", signal?: AbortSignal): Promise<Query> {
    return this.request(`/queries/${encodeURIComponent(id)}/rerun`, {}, { method: "POST", json: { as_of: asOf }, signal });
  }

  /** The person's queries with all these words, newest first. */
  history(words: string, cursor?: string, signal?: AbortSignal): Promise<{ items: PastQuery[]; next: string | null }> {
    return this.request("/queries", { q: words, cursor, limit: 50 }, { signal });
  }

  results(id: string, at: { cursor?: string | undefined; limit: number } & Selection, signal?: AbortSignal): Promise<Page> {
    return this.request(`/queries/${id}/results`, at, { signal });
  }

  resultUrl(id: string, format: string, name: string, selection: Selection = {}): string {
    return this.url(`/queries/${id}/results`, { format, name, ...selection });
  }

  fileUrl(name: string, query: Record<string, string> = {}): string {
    return this.url(`/files/${encodeURIComponent(name)}`, query);
  }

  upload(id: string): Promise<ResumableUpload> {
    return this.request(`/uploads/${encodeURIComponent(id)}`);
  }

  cancelUpload(id: string): Promise<void> {
    return this.request(`/uploads/${encodeURIComponent(id)}`, {}, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } });
  }

  complete(sql: string, position: number, signal?: AbortSignal): Promise<Completions> {
    return this.request("/queries/complete", {}, { method: "POST", json: { sql, position }, signal });
  }

  startImport(request: ImportRequest): Promise<Import> {
    return this.request("/imports", {}, { method: "POST", json: { mode: "create", confirm: false, ...request } });
  }

  import(id: string, waitMs: number): Promise<Import> {
    return this.request(`/imports/${id}`, { wait_ms: waitMs });
  }

  confirmImport(id: string, recipe: Recipe = {}): Promise<Import> {
    return this.request(`/imports/${id}/confirm`, {}, { method: "POST", json: { recipe } });
  }

  preview(request: PreviewRequest, signal: AbortSignal): Promise<Reading> {
    return this.request("/imports/preview", {}, { method: "POST", json: request, signal });
  }

  async newestVersion(table: string): Promise<ReadVersion | null> {
    const { items } = await this.request<{ items: ReadVersion[] }>(`/tables/${encodeURIComponent(table)}/versions`, { limit: 1 });
    return items[0] ?? null;
  }

  cancelImport(id: string): Promise<Import> {
    return this.request(`/imports/${id}`, {}, { method: "DELETE" });
  }

  rejectsUrl(id: string, format: string): string {
    return this.url(`/imports/${id}/rejects`, { format });
  }

  async rejects(id: string): Promise<Reject[]> {
    return (await this.request<{ items: Reject[] }>(`/imports/${id}/rejects`)).items;
  }
}
