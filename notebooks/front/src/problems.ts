/** What can go wrong between the browser and the data plane, as errors that carry words for a person. */

import type { Problem } from "./shapes.ts";

export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string | null;
  readonly details: Record<string, unknown>;
  readonly requestId: string | null;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint ?? null;
    this.details = problem.details ?? {};
    this.requestId = problem.request_id ?? null;
  }

  /** 1-based line and column in the SQL, where the server knows them. */
  get position(): { line: number; column: number } | null {
    const { line, column } = this.details;
    return typeof line === "number" ? { line, column: typeof column === "number" ? column : 1 } : null;
  }
}

/** No answer at all: the network is gone or the address does not listen. */
export class Offline extends Error {
  constructor() {
    super("No answer from Deita.");
    this.name = "Offline";
  }
}

/** Reads the error shape of both planes; anything else becomes one with a plain sentence. */
export function problemFrom(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null) {
    const { code, message } = body as Partial<Problem>;
    if (typeof code === "string" && typeof message === "string") return new ApiError(status, body as Problem);
    if (typeof message === "string" && message) return new ApiError(status, { code: `http_${status}`, message });
  }
  return new ApiError(status, { code: `http_${status}`, message: plain(status) });
}

function plain(status: number): string {
  if (status === 401 || status === 403) return "You are signed out, or this is not yours to see.";
  if (status === 404) return "This is not here any more.";
  if (status === 413) return "This is larger than the server accepts.";
  if (status === 503) return "The workspace is not running.";
  if (status === 507) return "There is no space left.";
  return `The server could not do this (${status}).`;
}

/** True for what a person can only mend by opening the workspace again. */
export function isStopped(error: unknown): boolean {
  return error instanceof ApiError && (error.code === "server_stopped" || error.status === 424 || error.code === "http_503");
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.code === "http_403");
}

/** The sentence to show for whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
