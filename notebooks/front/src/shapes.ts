/** The data plane's JSON, as docs/api.md promises it. */

export interface Column {
  name: string;
  type: string;
  label?: string | null;
  comment?: string | null;
}

export interface Workspace {
  name: string;
  slug?: string;
  role: string;
  person?: string;
}

export interface Source {
  file?: string | null;
  sha256?: string | null;
  recipe?: Recipe | null;
  receipt?: { sql?: string; query_id?: string } | null;
}

export interface Table {
  name: string;
  kind?: "table" | "view";
  columns: Column[];
  rows: number;
  bytes: number;
  version: number;
  created_at: string;
  created_by: string;
  source: Source | null;
  comment?: string | null;
}

export interface ColumnChange {
  name: string;
  change: "added" | "removed" | "type";
  before: string | null;
  after: string | null;
}

export interface Version {
  version: number;
  operation: "create" | "replace" | "append" | "write" | "drop" | "rename" | "restore";
  rows: number;
  row_change: number | null;
  column_changes: ColumnChange[];
  reject_count: number | null;
  restored_version: number | null;
  created_at: string;
  created_by: string;
  message: string;
  source: Source | null;
  /** It was forgotten and can no longer be looked at. */
  expired: boolean;
}

export interface ColumnProfile {
  name: string;
  type: string;
  count: number;
  nulls: number;
  distinct: number;
  distinct_is_approximate: boolean;
  min: unknown;
  max: unknown;
  mean: unknown;
  quantiles: Record<"0.25" | "0.5" | "0.75", unknown> | null;
  top: { value: unknown; count: number }[];
  histogram: { from: unknown; to: unknown; count: number }[];
}

export interface Profile {
  table: string;
  version: number;
  rows: number;
  columns: ColumnProfile[];
}

export interface DataFile {
  name: string;
  size: number;
  sha256: string;
  version: number;
  created_at: string;
  created_by: string;
}

/** Bytes on their way: `offset` of `length` have arrived; `file` is what they became once all had. */
export interface ResumableUpload {
  id: string;
  name: string;
  length: number;
  offset: number;
  file: DataFile | null;
}

export type Row = unknown[];

export interface Page {
  columns: Column[];
  rows: Row[];
  row_count: number;
  next: string | null;
}

export interface Problem {
  code: string;
  message: string;
  hint?: string | null;
  details?: Record<string, unknown> | null;
  request_id?: string;
  status?: number;
}

export type ImportState = "queued" | "sniffing" | "needs_review" | "running" | "done" | "failed" | "cancelled";

/** How a file is read. */
export type Recipe = Record<string, unknown>;

/** A part of the recipe as it was found: how sure that is, why, and what else it could be. */
export interface Choice {
  key: string;
  value: unknown;
  confidence: number;
  reason: string;
  alternatives: { value: unknown; reason: string }[];
}

/** Something else in the same file that could be a table. */
export interface Other {
  title: string;
  recipe: Recipe;
  rows?: number | null;
}

/** What a recipe makes of a file. */
export interface Preview {
  columns: Column[];
  rows: Row[];
  raw: string[] | null;
  odd: Reject[];
  choices: Choice[];
  others: Other[];
  confidence: number;
}

export interface Reading {
  recipe: Recipe;
  preview: Preview;
}

export interface Import {
  id: string;
  state: ImportState;
  file: string;
  sha256: string;
  table: string;
  mode: ImportMode;
  recipe: Recipe;
  /** While it needs review: what was asked of the recipe. */
  asked: Recipe | null;
  preview: Preview | null;
  version: number | null;
  rows: number | null;
  reject_count: number | null;
  progress: number | null;
  error: Problem | null;
}

/** A version of a table, as far as its reading matters. */
export interface ReadVersion {
  version: number;
  import_id: string | null;
}

export interface Reject {
  line: number | null;
  column: string | null;
  raw: string | null;
  reason: string;
}

export type QueryState = "queued" | "running" | "cancelling" | "done" | "failed" | "cancelled";

/** A step that put rows into a table: a file, or a query with a receipt of its own. */
export interface Origin {
  version: number;
  operation: string;
  created_at: string;
  created_by: string;
  file: string | null;
  sha256: string | null;
  query_id: string | null;
}

/** A version of a table that a query read. */
export interface TableRead {
  name: string;
  version: number;
  rows: number | null;
  origins: Origin[];
  more: boolean;
}

/** What the repetition of a query says of both results; null where a hash is missing. */
export interface Compared {
  rerun_of?: string | null;
  same_result?: boolean | null;
  alike?: boolean | null;
  changed_tables?: { name: string; then: number | null; now: number | null }[] | null;
}

/** What a statement that writes did; rows are null where only the table's version tells of it. */
export interface Wrote {
  table: string;
  version: number | null;
  operation: string | null;
  inserted: number | null;
  updated: number | null;
  deleted: number | null;
}

export interface LineageNode {
  id: string;
  kind: "file" | "import" | "table" | "view" | "query" | "saved_query";
  name: string;
  version: number | null;
  operation: string | null;
  key: string | null;
  rows: number | null;
  created_by: string | null;
}

/** What a table version comes from and what comes from it; `of` is its node. */
export interface Lineage {
  of: string;
  nodes: LineageNode[];
  edges: { from: string; to: string }[];
  truncated: boolean;
}

/** Where a result comes from, in full. */
export interface Receipt extends Compared {
  id: string;
  sql: string;
  params: Record<string, unknown>;
  mode: QueryMode;
  person: string;
  started_at: string;
  finished_at: string;
  engine: string;
  tables: TableRead[];
  saved_query: { slug: string; version: number } | null;
  wrote: Wrote | null;
  rows: number | null;
  elapsed_ms: number | null;
  cpu_ms: number | null;
  result_hash: string | null;
}

/** What a statement wrote and was taken back; `now` is null when the table is gone. */
export interface Undone {
  table: string;
  version: number;
  now: Table | null;
}

/** A query of the person's history. */
export interface PastQuery {
  id: string;
  sql: string;
  state: QueryState;
  row_count: number;
  started_at: string;
  tables: string[];
}

export interface Query extends Page {
  id: string;
  receipt: (Compared & { params?: Record<string, unknown>; param_types?: Record<string, string> }) | null;
  state: QueryState;
  truncated: boolean;
  progress: number | null;
  elapsed_ms: number;
  statement_type: string;
  wrote: Wrote | null;
  error: Problem | null;
}

export interface Completions {
  start: number;
  end: number;
  items: { label: string; kind: string; detail?: string }[];
}

/** A `$name` in a statement, and the type that its place asks for. */
export interface StatementParameter {
  name: string;
  type: string | null;
}

export interface Validation {
  valid: boolean;
  error: Problem | null;
  parameters: StatementParameter[];
}

/** A parameter of a saved query. */
export interface Parameter {
  name: string;
  type: string;
  default: unknown;
  required: boolean;
  choices: unknown[] | null;
  description: string;
}

export interface SavedQuery {
  slug: string;
  name: string;
  description: string;
  sql: string;
  params: Parameter[];
  version: number;
  updated_at: string;
  updated_by: string;
}

export interface SavedVersion {
  version: number;
  operation: "create" | "change" | "restore" | "delete";
  name: string;
  description: string;
  sql: string;
  params: Parameter[];
  message: string;
  restored_version: number | null;
  created_at: string;
  created_by: string;
}

/** What a save sends: the whole of a new one, or what is different. */
export interface SavedContent {
  name?: string;
  sql?: string;
  description?: string;
  params?: Partial<Parameter>[];
  version?: number;
}

export type ImportMode = "create" | "replace" | "append";
export type QueryMode = "read" | "write";
