/** Where a review comes from and what becomes of it: an import that waits, or a table whose reading is to be corrected. */

import type { Api } from "./api.ts";
import type { Intake } from "./intake.ts";
import type { Job } from "./job.ts";
import type { Lists } from "./lists.ts";
import { freeTableName } from "./names.ts";
import { sentence } from "./problems.ts";
import { Review, type Subject } from "./review.ts";
import type { Store } from "./state.ts";
import type { Import, Other, Recipe, Table } from "./shapes.ts";

export class Reviewing {
  readonly element: HTMLElement;
  private readonly api: Api;
  private readonly intake: () => Intake;
  private readonly store: Store;
  private readonly lists: Lists;
  private readonly say: (text: string) => void;
  private readonly review: Review;
  private shown = "";

  constructor(api: Api, store: Store, lists: Lists, intake: () => Intake, say: (text: string) => void) {
    this.api = api;
    this.store = store;
    this.lists = lists;
    this.intake = intake;
    this.say = say;
    this.review = new Review(api, { read: (subject, recipe) => this.read(subject, recipe), part: (subject, other) => this.part(subject, other), cancel: (subject) => this.cancel(subject) });
    this.element = this.review.element;
  }

  /** Leads to how a table was read, to be corrected. */
  open(table: string): void {
    this.store.set({ table, mode: "table", of: "table", review: "table" });
  }

  /** Leads to how a job's file was, or is about to be, read. */
  look(job: Job): void {
    if (job.state === "review" && job.import) this.store.set({ review: job.import.id });
    else if (job.table) this.open(job.table);
  }

  /** Opens by itself for the first file of those dropped together, unless something is being looked at already. */
  needed(job: Job): void {
    if (!this.store.get().review && this.intake().first(job)) this.look(job);
  }

  /** Takes back what a second reading has changed. */
  async undo(job: Job): Promise<void> {
    const { table, before } = job;
    if (table === null || before === null) return;
    try {
      await this.api.restore(table, before);
      this.intake().dismiss(job);
      this.say(`${table} is as it was in v${before} again.`);
      await this.lists.refreshed();
    } catch (error) {
      this.say(`${table} was not changed back: ${sentence(error)}`);
    }
  }

  /** Shows what the address names: `table`, the id of an import, or nothing. Answers whether there is something to show. */
  show(review: string, table: Table | null): boolean {
    if (review) this.load(review, table);
    else this.leave();
    return review !== "";
  }

  private load(review: string, table: Table | null): void {
    const key = review === "table" ? `table ${table?.name ?? ""}` : review;
    if (key === this.shown) return;
    this.shown = key;
    this.review.wait();
    const load = review === "table" ? this.ofTable(table) : this.ofImport(review);
    load.then(
      (subject) => subject && this.shown === key && this.review.open(subject),
      (error: unknown) => this.shown === key && this.review.fail(error),
    );
  }

  private leave(): void {
    if (!this.shown) return;
    this.shown = "";
    this.review.leave();
  }

  private async ofImport(id: string): Promise<Subject | null> {
    const found = await this.api.import(id, 0);
    if (found.state === "done") {
      this.open(found.table);
      return null;
    }
    if (found.state !== "needs_review") throw new Error(STATES[found.state]);
    const reading = found.preview ? { recipe: found.recipe, preview: found.preview } : null;
    return { waiting: id, file: found.file, sha256: found.sha256, table: found.table, version: null, recipe: found.asked ?? {}, reading, rejects: null };
  }

  private async ofTable(table: Table | null): Promise<Subject | null> {
    if (!table) return null;
    const { file, sha256, recipe } = table.source ?? {};
    if (!file || !sha256) throw new Error(`${table.name} was not read from a file.`);
    const made = await this.api.newestVersion(table.name);
    const rejects = made?.import_id ? { id: made.import_id, count: (await this.api.import(made.import_id, 0)).reject_count ?? 0 } : null;
    return { waiting: null, file, sha256, table: table.name, version: table.version, recipe: recipe ?? {}, reading: null, rejects };
  }

  private read(subject: Subject, recipe: Recipe): void {
    const { file, table, sha256, version } = subject;
    if (subject.waiting) this.intake().confirm({ id: subject.waiting, file, table }, recipe);
    else this.intake().readStored(file, { sha256, recipe }, { table, mode: "replace", before: version });
    this.over(subject);
  }

  private part({ file, sha256, table }: Subject, other: Other): void {
    const words = other.title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
    const name = `${table}_${words || "part"}`;
    const taken = this.lists.tables.map((known) => known.name);
    const free = taken.includes(name) ? freeTableName(name, taken) : name;
    this.intake().readStored(file, { sha256, recipe: other.recipe }, { table: free, mode: "create", before: null });
  }

  private cancel(subject: Subject): void {
    if (subject.waiting) this.intake().dropped(subject.waiting);
    this.over(subject);
  }

  private over({ waiting, table }: Subject): void {
    this.store.set({ review: "", ...(waiting ? {} : { table }) });
  }
}

const STATES: Record<Import["state"], string> = {
  queued: "The file is being read already.",
  sniffing: "The file is still being looked at.",
  needs_review: "The file waits for a look.",
  running: "The file is being read already.",
  done: "The file was read.",
  failed: "The file could not be read.",
  cancelled: "This import was cancelled.",
};
