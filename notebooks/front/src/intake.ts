/**
 * From dropped files to tables: upload, then import, three at a time, the rest waiting in line.
 * Each file is a `Job` that the tray draws; a conflict parks it until the person chooses, and parked jobs keep no slot.
 */

import type { Api } from "./api.ts";
import type { ForeignSource } from "./foreignapi.ts";
import { newJob, type Job, type JobState, type Stored } from "./job.ts";
import { freeFileName, freeTableName } from "./names.ts";
import { ApiError } from "./problems.ts";
import type { DataFile, Import, ImportMode, Recipe, Table } from "./shapes.ts";
import { UnfinishedUploads, isSameFile } from "./unfinished.ts";
import { ONE_REQUEST, RateMeter, sendFile } from "./upload.ts";

const AT_ONCE = 3;
const MOST = 200;
const WAIT_MS = 500;
const POLL_MS = 250;

export interface IntakeEvents {
  /** It is not certain how to read a file; somebody should look. */
  review: (job: Job) => void;
  changed: (job: Job) => void;
  /** A file or a table has arrived: lists are out of date, and `table` may be opened. */
  arrived: (job: Job) => Promise<void>;
  files: () => DataFile[];
  tables: () => Table[];
}

export class Intake {
  readonly jobs: Job[] = [];
  private readonly api: Api;
  private readonly events: IntakeEvents;
  private readonly unfinished: UnfinishedUploads;
  private running = 0;
  private count = 0;
  private batches = 0;
  private readonly opened = new Set<number>();

  constructor(api: Api, events: IntakeEvents) {
    this.api = api;
    this.events = events;
    this.unfinished = new UnfinishedUploads(api.base);
  }

  get busy(): boolean {
    return this.jobs.some((job) => job.state === "sending" || job.state === "waiting");
  }

  /** The files that are being made into tables at this moment. */
  get reading(): Set<string> {
    return new Set(this.jobs.filter((job) => job.state === "reading").map((job) => job.name));
  }

  /** Takes files in; answers how many were too many. */
  add(files: Iterable<File>): number {
    let refused = 0;
    const batch = ++this.batches;
    for (const file of files) {
      const begun = this.jobs.find((job) => job.left && job.state === "unfinished" && isSameFile(job.left, file));
      if (begun) this.requeue(begun, { body: file });
      else if (this.jobs.filter((job) => job.state === "waiting").length >= MOST) refused++;
      else this.push(batch, file.name.normalize("NFC"), file.size, file);
    }
    return refused;
  }

  /** Makes a table of a file that is on the server. */
  importFile(file: DataFile): void {
    this.push(++this.batches, file.name, file.size, null);
  }

  /** Reads stored bytes into a table, as somebody decided; `before` is the version to go back to. */
  readStored(file: string, stored: Stored, into: { table: string; mode: ImportMode; before: number | null }): void {
    this.push(++this.batches, file, 0, null, { stored, ...into });
  }

  /** Reads from a database into a table: a new one, or again into one of which `before` is the version to go back to. */
  readForeign(origin: ForeignSource, table: string, before: number | null = null): void {
    const what = "table" in origin ? origin.table : "query";
    this.push(++this.batches, `${origin.connection} · ${what}`, 0, null, { origin, table, before, mode: before === null ? "create" : "replace" });
  }

  /** Goes on with an import that somebody has looked at. */
  confirm(waiting: { id: string; file: string; table: string }, recipe: Recipe): void {
    const job = this.jobs.find((other) => other.import?.id === waiting.id);
    if (job) this.requeue(job, { confirmed: recipe, import: job.import, batch: ++this.batches });
    else this.push(++this.batches, waiting.file, 0, null, { confirmed: recipe, table: waiting.table, import: { id: waiting.id } as Import });
  }

  /** The import is no longer waited for: it was cancelled where it was looked at. */
  dropped(importId: string): void {
    const job = this.jobs.find((other) => other.import?.id === importId);
    if (job) this.cancel(job);
    else void this.api.cancelImport(importId).catch(() => undefined); // it may be over, or gone: nothing waits for it here
  }

  cancel(job: Job): void {
    const { state } = job;
    job.control.abort();
    this.drop(job);
    if (state === "unfinished") return this.dismiss(job);
    if (job.import && (state === "reading" || state === "review")) void this.api.cancelImport(job.import.id).catch((error: unknown) => this.fail(job, error));
    if (!["done", "failed"].includes(job.state)) this.set(job, "cancelled");
  }

  dismiss(job: Job): void {
    const at = this.jobs.indexOf(job);
    if (at >= 0) this.jobs.splice(at, 1);
    this.events.changed(job);
  }

  retry(job: Job): void {
    this.requeue(job, {});
  }

  pause(job: Job): void {
    this.set(job, "paused");
    job.control.abort();
  }

  /** Offers to go on with what a closed tab left behind. */
  async offer(): Promise<void> {
    for (const left of this.unfinished.all()) {
      const upload = await this.api.upload(left.id).catch((error: unknown) => (error instanceof ApiError && (error.status === 404 || error.status === 410) ? "gone" : null));
      if (upload === "gone" || upload?.file) this.unfinished.forget(left.id);
      else if (upload && !this.jobs.some((job) => job.upload === left.id)) this.push(++this.batches, left.name, left.size, null, { state: "unfinished", left, upload: left.id, sent: upload.offset, replaceFile: left.replace });
    }
  }

  /** Forgets the bytes of an upload that will not be finished. */
  private drop(job: Job): void {
    if (!job.upload) return;
    this.unfinished.forget(job.upload);
    void this.api.cancelUpload(job.upload).catch(() => undefined); // what is left there expires
    job.upload = job.left = null;
  }

  replaceFile(job: Job): void {
    this.requeue(job, { replaceFile: true, mode: "replace" });
  }

  keepBoth(job: Job): void {
    const name = this.otherFileName(job);
    this.requeue(job, { name });
  }

  otherFileName(job: Job): string {
    return freeFileName(job.name, [...this.events.files().map((file) => file.name), ...this.jobs.map((other) => other.name)]);
  }

  chooseTable(job: Job, mode: ImportMode): void {
    if (mode === "create") job.table = this.otherTableName(job);
    this.requeue(job, { mode });
  }

  otherTableName(job: Job): string {
    return freeTableName(job.table ?? "table", this.events.tables().map((table) => table.name));
  }

  /** True once for each batch: its first table is the one to look at. */
  first(job: Job): boolean {
    if (this.opened.has(job.batch)) return false;
    this.opened.add(job.batch);
    return true;
  }

  private push(batch: number, name: string, size: number, body: File | null, more: Partial<Job> = {}): void {
    const job = newJob(++this.count, batch, name, size, body, more);
    this.jobs.push(job);
    this.events.changed(job);
    this.pump();
  }

  private requeue(job: Job, change: Partial<Job>): void {
    Object.assign(job, { sent: job.upload ? job.sent : 0, offline: false, error: null, import: null, confirmed: null, control: new AbortController(), meter: new RateMeter() }, change);
    this.set(job, "waiting");
    this.pump();
  }

  private pump(): void {
    for (const job of this.jobs) {
      if (this.running >= AT_ONCE) return;
      if (job.state !== "waiting") continue;
      this.running++;
      this.set(job, job.body ? "sending" : "reading");
      void this.run(job).finally(() => {
        this.running--;
        this.pump();
      });
    }
  }

  private async run(job: Job): Promise<void> {
    const begun = performance.now();
    try {
      if (job.body) await this.send(job, job.body);
      await this.events.arrived(job);
      if (job.state === "reading") await this.read(job);
      job.elapsed = performance.now() - begun;
      this.events.changed(job);
    } catch (error) {
      this.fail(job, error);
    }
  }

  private async send(job: Job, body: File): Promise<void> {
    const before = this.events.files();
    const progress = (sent: number) => {
      job.sent = Math.min(sent, job.size);
      job.meter.add(sent, performance.now());
      this.events.changed(job);
    };
    const begun = (id: string) => {
      job.upload = id;
      if (job.size > ONE_REQUEST) this.unfinished.remember({ id, name: job.name, file: body.name, size: body.size, modified: body.lastModified, replace: job.replaceFile });
    };
    const offline = (is: boolean) => {
      if (job.offline === is) return;
      Object.assign(job, { offline: is, meter: new RateMeter() });
      this.events.changed(job);
    };
    const file = await sendFile(this.api, body, { name: job.name, replace: job.replaceFile, id: job.upload, signal: job.control.signal, progress, begun, offline });
    if (job.upload) this.unfinished.forget(job.upload);
    Object.assign(job, { name: file.name, body: null, upload: null, left: null });
    const known = before.some((one) => one.name === file.name && one.version === file.version && one.sha256 === file.sha256);
    const same = !known ? undefined : this.events.tables().find((table) => table.source?.sha256 === file.sha256);
    if (same && !job.replaceFile) {
      Object.assign(job, { known: true, table: same.name });
      this.set(job, "done");
    } else this.set(job, "reading");
  }

  private async read(job: Job): Promise<void> {
    job.import = await this.begin(job);
    job.table = job.import.table;
    this.events.changed(job);
    while (job.state === "reading") {
      const current: Import = job.import;
      if (current.state === "done") break;
      if (current.state === "cancelled") return this.set(job, "cancelled");
      if (current.state === "failed") throw new ApiError(current.error?.status ?? 422, current.error ?? { code: "import_failed", message: "The file could not be read." });
      if (current.state === "needs_review") {
        this.set(job, "review");
        return this.events.review(job);
      }
      job.import = await this.poll(current.id);
      this.events.changed(job);
    }
    if (job.state !== "reading") return;
    job.table = job.import.table;
    this.set(job, "done");
    await this.events.arrived(job);
  }

  private begin(job: Job): Promise<Import> {
    if (job.import && job.confirmed) return this.api.confirmImport(job.import.id, job.confirmed);
    const from = job.origin ? { source: job.origin } : { file: job.name };
    return this.api.startImport({ ...from, mode: job.mode, ...(job.table ? { table: job.table } : {}), ...(job.stored ? { ...job.stored, confirm: true } : {}) });
  }

  private async poll(id: string): Promise<Import> {
    const asked = performance.now();
    const answer = await this.api.import(id, WAIT_MS);
    const early = POLL_MS - (performance.now() - asked);
    if (early > 0 && answer.state !== "done") await new Promise((resolve) => setTimeout(resolve, early));
    return answer;
  }

  private fail(job: Job, error: unknown): void {
    if (job.state === "paused") return;
    if (job.control.signal.aborted || job.state === "cancelled") return this.set(job, "cancelled");
    job.error = error;
    if (error instanceof ApiError && error.code === "file_exists") {
      if (job.upload) this.unfinished.forget(job.upload);
      job.upload = null;
      return this.set(job, "file_exists");
    }
    if (error instanceof ApiError && error.code === "table_exists") {
      const named = error.details["table"];
      job.table ??= typeof named === "string" ? named : this.tableOf(job);
      return this.set(job, "table_exists");
    }
    this.set(job, "failed");
  }

  /** The table that this file's name leads to, as far as the browser can tell. */
  private tableOf(job: Job): string {
    const stem = job.name.replace(/(\.[A-Za-z0-9]{1,8}){1,2}$/, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_");
    return this.events.tables().find((table) => table.name.toLowerCase() === stem)?.name ?? stem;
  }

  private set(job: Job, state: JobState): void {
    job.state = state;
    this.events.changed(job);
  }
}
