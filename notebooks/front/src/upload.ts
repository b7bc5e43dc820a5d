/** One file's bytes to the server, with progress. XMLHttpRequest, because fetch does not tell how much has been sent. */

import type { Api } from "./api.ts";
import { Offline, problemFrom } from "./problems.ts";
import type { DataFile } from "./shapes.ts";

const WINDOW_MS = 3000;

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

export interface Sent {
  file: DataFile;
  /** False when the very same bytes were here under this name already. */
  fresh: boolean;
}

export function putFile(api: Api, name: string, body: Blob, options: { replace: boolean; signal: AbortSignal; progress: (sent: number) => void }): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", api.fileUrl(name, options.replace ? { replace: "1" } : {}));
    for (const [header, value] of Object.entries(api.headers())) request.setRequestHeader(header, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => options.progress(event.loaded));
    request.addEventListener("load", () => {
      if (request.status === 200 || request.status === 201) resolve({ file: request.response as DataFile, fresh: request.status === 201 });
      else reject(problemFrom(request.status, request.response));
    });
    request.addEventListener("error", () => reject(new Offline()));
    request.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    options.signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
