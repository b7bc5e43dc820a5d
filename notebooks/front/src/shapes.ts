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
  receipt?: { sql?: string } | null;
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

export interface Query extends Page {
  id: string;
  state: QueryState;
  truncated: boolean;
  elapsed_ms: number;
  statement_type: string;
  error: Problem | null;
}

export interface Completions {
  start: number;
  end: number;
  items: { label: string; kind: string; detail?: string }[];
}

export type ImportMode = "create" | "replace" | "append";
export type QueryMode = "read" | "write";
