/** What the workspace holds: its tables, files and saved queries, read again and again, minus what is about to be deleted. */

import type { Api } from "./api.ts";
import type { Notices } from "./notices.ts";
import { sentence } from "./problems.ts";
import type { DataFile, SavedQuery, Table } from "./shapes.ts";

export interface ListEvents {
  /** The lists differ from before; `was` is how the tables stood. */
  changed: (was: ReadonlyMap<string, Table>) => void;
  /** The workspace answered, with or without news. */
  answered: () => void;
  failed: (error: unknown) => void;
  /** Something was hidden or has come back. */
  hidden: () => void;
}

export class Lists {
  loaded = false;
  private readonly api: Api;
  private readonly notices: Notices;
  private readonly events: ListEvents;
  private byName: ReadonlyMap<string, Table> = new Map();
  private allFiles: DataFile[] = [];
  private allQueries: SavedQuery[] = [];
  private readonly gone = new Set<string>();
  private known = "";
  private reading: Promise<void> | null = null;

  constructor(api: Api, notices: Notices, events: ListEvents) {
    this.api = api;
    this.notices = notices;
    this.events = events;
  }

  get tables(): Table[] {
    return [...this.byName.values()].filter(({ name }) => !this.gone.has(`tables ${name}`));
  }

  get files(): DataFile[] {
    return this.allFiles.filter(({ name }) => !this.gone.has(`files ${name}`));
  }

  get queries(): SavedQuery[] {
    return this.allQueries.filter(({ slug }) => !this.gone.has(`saved-queries ${slug}`));
  }

  query(slug: string): SavedQuery | null {
    return this.allQueries.find((query) => query.slug === slug) ?? null;
  }

  table(name: string | null): Table | null {
    return this.byName.get(name ?? "") ?? null;
  }

  /** Reads the lists; one at a time. */
  refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = null));
    return this.reading;
  }

  /** Reads them with everything that has happened until now. */
  async refreshed(): Promise<void> {
    if (this.reading) await this.reading;
    await this.refresh();
  }

  private async read(): Promise<void> {
    try {
      const [tables, files, queries] = await Promise.all([this.api.tables(), this.api.files(), this.api.savedQueries()]);
      const known = JSON.stringify([tables, files, queries]);
      const same = this.loaded && known === this.known;
      this.events.answered();
      if (same) return;
      const was = this.byName;
      this.known = known;
      this.loaded = true;
      this.byName = new Map(tables.map((table) => [table.name, table]));
      this.allFiles = files;
      this.allQueries = queries;
      this.events.changed(was);
    } catch (error) {
      this.events.failed(error);
    }
  }

  /** Deletes a table at once: its versions are kept, so that it can be brought back. */
  removeTable({ name, version }: Table): Promise<void> {
    return this.removeKept("tables", name, name, () => this.api.restore(name, version));
  }

  /** Deletes a saved query at once, as a table. */
  removeQuery({ slug, name, version }: SavedQuery): Promise<void> {
    return this.removeKept("saved-queries", slug, name, () => this.api.restoreQuery(slug, version));
  }

  private async removeKept(kind: "tables" | "saved-queries", key: string, name: string, restore: () => Promise<unknown>): Promise<void> {
    const hidden = `${kind} ${key}`;
    this.gone.add(hidden);
    this.events.hidden();
    try {
      await this.api.remove(kind, key);
      this.notices.offer(`${name} deleted.`, "Undo", () => this.bringBack(name, restore));
      await this.refreshed();
    } catch (error) {
      this.notices.say(`${name} was not deleted: ${sentence(error)}`);
    }
    this.gone.delete(hidden);
    this.events.hidden();
  }

  private async bringBack(name: string, restore: () => Promise<unknown>): Promise<void> {
    try {
      await restore();
      await this.refreshed();
    } catch (error) {
      this.notices.say(`${name} was not brought back: ${sentence(error)}`);
    }
  }

  /** Hides a file at once, deletes it in a moment, and offers to take it back until then. */
  removeFile(name: string): void {
    const key = `files ${name}`;
    const restore = () => {
      this.gone.delete(key);
      this.events.hidden();
    };
    const act = () =>
      void this.api.remove("files", name, true).then(
        async () => {
          await this.refreshed();
          restore();
        },
        (error: unknown) => {
          restore();
          this.notices.say(`${name} was not deleted: ${sentence(error)}`);
        },
      );
    this.gone.add(key);
    this.events.hidden();
    this.notices.undoable(`${name} deleted.`, act, restore);
  }
}
