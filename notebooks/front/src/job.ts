/** One file on its way to becoming a table, as the app follows it. */

import type { ForeignSource } from "./foreignapi.ts";
import type { Import, ImportMode, Recipe } from "./shapes.ts";
import type { Unfinished } from "./unfinished.ts";
import { RateMeter } from "./upload.ts";

export type JobState = "waiting" | "sending" | "paused" | "unfinished" | "reading" | "file_exists" | "table_exists" | "review" | "done" | "failed" | "cancelled";

export interface Job {
  readonly id: number;
  /** Files dropped together; the first that is read is opened. */
  readonly batch: number;
  name: string;
  size: number;
  state: JobState;
  sent: number;
  meter: RateMeter;
  import: Import | null;
  table: string | null;
  elapsed: number;
  error: unknown;
  /** Says that nothing had to be done. */
  known: boolean;
  body: File | null;
  /** The upload on the server, once it is known: a pause, a lost connection and a closed tab go on there. */
  upload: string | null;
  /** The connection is lost; the rest follows by itself. */
  offline: boolean;
  replaceFile: boolean;
  /** What a closed tab left of it. */
  left: Unfinished | null;
  mode: ImportMode;
  /** Stored bytes to read and how; null for the file as it is, read as found. */
  stored: Stored | null;
  /** What somebody decided about an import that waited for it. */
  confirmed: Recipe | null;
  /** The database that it is read from, in the place of a file. */
  origin: ForeignSource | null;
  /** The version before, to go back to. */
  before: number | null;
  control: AbortController;
}

/** Bytes that the workspace keeps, and how to read them. */
export interface Stored {
  sha256: string;
  recipe: Recipe;
}

/** A job that has not begun; `more` is what is known of it beyond the file. */
export function newJob(id: number, batch: number, name: string, size: number, body: File | null, more: Partial<Job>): Job {
  return { id, batch, name, size, state: "waiting", sent: 0, meter: new RateMeter(), import: null, table: null, elapsed: 0, error: null, known: false, body, upload: null, left: null, offline: false, replaceFile: false, mode: "create", stored: null, confirmed: null, origin: null, before: null, control: new AbortController(), ...more };
}
