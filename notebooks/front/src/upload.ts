/**
 * One file's bytes to the server by tus, with progress. What has arrived stays there: after a lost connection the rest follows
 * by itself, after a pause or a closed tab from where it stopped. A small file is one request.
 */

import type { DetailedError, UploadOptions } from "tus-js-client";

import type { Api } from "./api.ts";
import { ApiError, Offline, problemFrom } from "./problems.ts";
import type { DataFile } from "./shapes.ts";

const WINDOW_MS = 3000;
/** Up to here a file travels in the request that begins its upload; a larger one needs an address to go on at. */
export const ONE_REQUEST = 8 * 2 ** 20;
const FAILURES = 5;
const LONGEST_PAUSE_MS = 10_000;
/** Answers that may be different in a moment. */
const PASSING = new Set([423, 429, 502, 503, 504]);

/** Bytes a second over the last few seconds, and the time that is left at this rate. */
export class RateMeter {
  private readonly points: [number, number][] = [];

  add(sent: number, now: number): void {
    this.points.push([now, sent]);
    while (this.points.length > 2 && now - (this.points[0]?.[0] ?? now) > WINDOW_MS) this.points.shift();
  }

  get rate(): number {
    const first = this.points[0];
    const last = this.points.at(-1);
    if (!first || !last || last[0] <= first[0]) return 0;
    return ((last[1] - first[1]) / (last[0] - first[0])) * 1000;
  }

  /** Milliseconds until `total`, or null while the rate is unknown. */
  left(total: number): number | null {
    const sent = this.points.at(-1)?.[1] ?? 0;
    return this.rate > 0 ? ((total - sent) / this.rate) * 1000 : null;
  }
}

export interface Sending {
  name: string;
  replace: boolean;
  /** The upload to go on with, null to begin one. */
  id: string | null;
  signal: AbortSignal;
  progress: (sent: number) => void;
  /** The upload has an id: with it one can go on later. */
  begun: (id: string) => void;
  /** Whether the connection is lost and the rest waits for it. */
  offline: (is: boolean) => void;
}

/** Sends a file to its end, over as many connections as it takes. */
export async function sendFile(api: Api, body: Blob, sending: Sending): Promise<DataFile> {
  let { id } = sending;
  let failures = 0;
  const begun = (given: string) => sending.begun((id = given));
  const progress = (sent: number) => {
    sending.offline(false);
    sending.progress(sent);
  };
  for (;;) {
    try {
      return await attempt(api, body, { ...sending, id, begun, progress });
    } catch (error) {
      if (!isPassing(error) || (!(error instanceof Offline) && ++failures > FAILURES)) throw error;
      sending.offline(true);
      await connection(sending.signal);
    }
  }
}

export function isPassing(error: unknown): boolean {
  return error instanceof Offline || (error instanceof ApiError && (PASSING.has(error.status) || error.code === "offset_mismatch") && error.code !== "server_stopped");
}

async function attempt(api: Api, body: Blob, sending: Sending): Promise<DataFile> {
  const { Upload } = await import("tus-js-client");
  sending.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const options: UploadOptions = {
      endpoint: api.url("/uploads"),
      uploadUrl: sending.id && api.url(`/uploads/${sending.id}`),
      headers: api.headers(),
      metadata: { filename: sending.name, filetype: body.type || "application/octet-stream", ...(sending.replace ? { replace: "1" } : {}) },
      uploadDataDuringCreation: body.size <= ONE_REQUEST,
      storeFingerprintForResuming: false,
      retryDelays: null,
      onUploadUrlAvailable: () => upload.url && sending.begun(upload.url.split("/").at(-1) ?? ""),
      onProgress: (sent) => sending.progress(sent),
      onSuccess: ({ lastResponse }) => resolve(JSON.parse(lastResponse.getHeader("Deita-File") ?? "null") as DataFile),
      onError: (error) => reject(problemOf(error)),
    };
    const upload = new Upload(body as File, options);
    const stop = () => {
      void upload.abort();
      reject(new DOMException("Stopped", "AbortError"));
    };
    sending.signal.addEventListener("abort", stop, { once: true });
    upload.start();
  });
}

/** What tus-js-client met, as the errors that the rest of the app knows. */
function problemOf(error: Error | DetailedError): Error {
  if (!("originalResponse" in error)) return error;
  const response = error.originalResponse;
  if (!response?.getStatus()) return new Offline();
  try {
    return problemFrom(response.getStatus(), JSON.parse(response.getBody()));
  } catch {
    return problemFrom(response.getStatus(), null);
  }
}

/** Waits until the browser says that it is online again, or long enough to simply try. */
function connection(signal: AbortSignal, longest = LONGEST_PAUSE_MS): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const finish = (act: () => void) => {
      clearTimeout(timer);
      done.abort();
      act();
    };
    const timer = setTimeout(() => finish(resolve), navigator.onLine ? Math.min(1000, longest) : longest);
    addEventListener("online", () => finish(resolve), { signal: done.signal });
    signal.addEventListener("abort", () => finish(() => reject(new DOMException("Stopped", "AbortError"))), { signal: done.signal });
  });
}
