/** The saved query in the editor: opened, changed, saved again, looked at as it was, shared, deleted. */

import type { Api } from "./api.ts";
import { button, fill, h, icon } from "./dom.ts";
import { closeOutside } from "./download.ts";
import type { Lists } from "./lists.ts";
import type { Notices } from "./notices.ts";
import { problemBox } from "./notices.ts";
import { ApiError, sentence } from "./problems.ts";
import { SavedVersions } from "./savedversions.ts";
import type { SavedContent, SavedQuery, SavedVersion } from "./shapes.ts";
import type { SaveFields } from "./saveform.ts";
import type { SqlPane } from "./sqlpane.ts";
import type { Store } from "./state.ts";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

export interface SavingEvents {
  /** The title is to be drawn anew. */
  titled: () => void;
  writable: () => boolean;
}

/** What stands in the title of SQL mode. */
export interface QueryTitle {
  name: string;
  description: string;
  edited: boolean;
  versions: Node | null;
}

export class Saving {
  private readonly api: Api;
  private readonly store: Store;
  private readonly lists: Lists;
  private readonly notices: Notices;
  private readonly sql: SqlPane;
  private readonly events: SavingEvents;
  private readonly versions: SavedVersions;
  /** The saved query as it was when the person began to change it. */
  private base: SavedQuery | null = null;
  private wasEdited = false;

  constructor(api: Api, store: Store, lists: Lists, notices: Notices, sql: SqlPane, events: SavingEvents) {
    this.api = api;
    this.store = store;
    this.lists = lists;
    this.notices = notices;
    this.sql = sql;
    this.events = events;
    this.versions = new SavedVersions(api, (version, newest) => this.look(version, newest));
    store.subscribe((view, before) => {
      if (view.saved !== before.saved && view.saved !== (this.base?.slug ?? "")) this.follow();
      if (this.edited !== this.wasEdited) this.draw();
    });
    this.draw();
  }

  get title(): QueryTitle {
    const { base } = this;
    if (!base) return { name: "New query", description: "", edited: false, versions: null };
    return { name: base.name, description: base.description, edited: this.edited, versions: this.versions.element };
  }

  private get edited(): boolean {
    const { sql, savedSql } = this.store.get();
    return this.base !== null && sql !== savedSql;
  }

  /** Puts a saved query into the editor. */
  open(query: SavedQuery): void {
    if (query.slug !== this.base?.slug) this.sql.reset();
    this.take(query, {});
    this.store.set({ mode: "sql", review: "", saved: query.slug, sql: query.sql, savedSql: query.sql, params: {} });
    void this.sql.show(query.sql);
  }

  /** Begins a new one. */
  fresh(): void {
    this.sql.reset();
    this.store.set({ mode: "sql", review: "", saved: "", sql: "", savedSql: "", params: {} });
    this.leave();
    void this.sql.show("");
  }

  /** What the address asks for, as soon as it is known: an edited statement stays, another follows the newest version. */
  follow(): void {
    const { saved, sql, savedSql, params } = this.store.get();
    if (!saved) return this.leave();
    if (!this.lists.loaded) return;
    const query = this.lists.query(saved);
    if (!query) {
      if (sql !== savedSql || !this.base) this.notices.say(`There is no saved query ${saved} (any more).`);
      this.leave();
      return this.store.set({ saved: "", savedSql: "" });
    }
    if (this.base?.slug === saved && (this.base.version === query.version || sql !== savedSql)) return;
    this.take(query, params);
    const text = sql && sql !== savedSql ? sql : query.sql;
    this.store.set({ sql: text, savedSql: query.sql });
    if (this.store.get().mode === "sql") void this.sql.show(text, false);
  }

  private take(query: SavedQuery, values: Record<string, string>): void {
    this.base = query;
    this.sql.parameters.declare(query.params, values);
    this.sql.form.close();
    fill(this.sql.notice);
    this.versions.update(query);
    this.draw();
  }

  private leave(): void {
    this.base = null;
    this.sql.parameters.declare([], this.store.get().params);
    fill(this.sql.notice);
    this.draw();
  }

  private draw(): void {
    this.wasEdited = this.edited;
    const save = button("Save", () => void this.save(), { class: this.edited ? "d-button d-strong" : "d-button", title: `Save (${APPLE ? "⌘" : "Ctrl"}-S)` });
    const { base } = this;
    const open = this.sql.tools.querySelector("details")?.open ?? false; // whoever opened the menu goes on choosing
    const menu = base ? this.menu(base) : null;
    menu?.toggleAttribute("open", open);
    fill(this.sql.tools, this.events.writable() ? save : null, menu);
    this.events.titled();
  }

  private menu(base: SavedQuery): HTMLElement {
    const act = (label: string, run: () => void) => h("button", { type: "button", role: "menuitem", on: { click: () => (menu.removeAttribute("open"), run()) } }, label);
    const change = [act("Rename or describe…", () => this.about(base)), act("Save as another…", () => this.ask(`${base.name} (copy)`)), act("Delete", () => void this.lists.removeQuery(base))];
    const menu = h("details", { class: "d-menu" }, h("summary", { class: "d-button", "aria-label": "More about this query", title: "More" }, icon("down")), h("div", { role: "menu" }, act("Copy link (CSV)", () => void this.copy(base, "csv")), act("Copy link (JSON)", () => void this.copy(base, "json")), ...(this.events.writable() ? change : []), act("New query", () => this.fresh())));
    closeOutside(menu);
    return menu;
  }

  /** Saves what the editor holds: a new one asks for its name first. */
  async save(): Promise<void> {
    const { base } = this;
    const { sql } = this.store.get();
    if (!this.events.writable()) return this.notices.say("You may look and run here, but not save.");
    if (!sql.trim()) return this.notices.say("There is no statement to save yet.");
    if (!base) return this.ask("");
    if (!this.edited) return this.notices.say(`Nothing has changed since version ${base.version}.`);
    await this.change(base, { sql });
  }

  private ask(name: string): void {
    const declaration = (keep: boolean) => this.sql.parameters.declaration(keep);
    this.sql.form.open("Save this query", { name, description: "" }, declaration, async ({ declares: _, ...content }) => {
      const saved = await this.api.saveQuery({ ...content, sql: this.store.get().sql });
      this.saved(saved, `Saved as ${saved.name}. It is in the list of queries now.`);
    });
  }

  private about(base: SavedQuery): void {
    const declaration = (keep: boolean) => this.sql.parameters.declaration(keep);
    this.sql.form.open("About this query", base, declaration, async ({ declares, params, ...about }: SaveFields) => {
      const content = declares ? { ...about, params, sql: this.store.get().sql } : about;
      const saved = await this.api.changeQuery(base.slug, { ...content, version: base.version });
      this.saved(saved, `Saved as version ${saved.version}.`);
    });
  }

  private async change(base: SavedQuery, content: SavedContent): Promise<void> {
    try {
      const saved = await this.api.changeQuery(base.slug, { ...content, version: base.version });
      this.saved(saved, `Saved as version ${saved.version}.`, base.version);
    } catch (error) {
      if (error instanceof ApiError && error.code === "saved_query_changed") this.conflict(base, content, error);
      else this.sql.failed(error);
    }
  }

  /** Somebody saved in between: neither version is lost, the person says which goes on. */
  private conflict(base: SavedQuery, content: SavedContent, error: ApiError): void {
    const version = Number(error.details["version"]);
    const mine = button("Save mine on top", () => void this.change({ ...base, version }, content), { class: "d-button d-primary" });
    const theirs = button("Show theirs", () => void this.newest(base.slug));
    const by = String(error.details["changed_by"]);
    fill(this.sql.notice, problemBox(new Error(`${by} saved version ${version} in the meantime. Both are kept, whichever goes on.`), theirs, mine));
  }

  private async newest(slug: string): Promise<void> {
    await this.lists.refreshed();
    const query = this.lists.query(slug);
    if (query) this.open(query);
  }

  private saved(query: SavedQuery, text: string, before?: number): void {
    const { params } = this.store.get();
    this.take(query, params);
    this.store.set({ saved: query.slug, savedSql: query.sql, sql: query.sql });
    this.sql.parameters.follow(query.sql);
    if (before === undefined || before === query.version) this.notices.say(text);
    else this.notices.offer(text, "Undo", () => this.restore(query, before));
    void this.lists.refreshed();
  }

  private look(version: SavedVersion, newest: boolean): void {
    const { base } = this;
    if (!base) return;
    this.store.set({ sql: version.sql });
    this.sql.parameters.declare(version.params, this.store.get().params);
    void this.sql.show(version.sql);
    if (newest) return fill(this.sql.notice);
    const restore = this.events.writable() ? button("Restore", () => void this.restore(base, version.version), { class: "d-button d-primary" }) : null;
    const text = h("p", {}, h("b", {}, `Version ${version.version} of ${base.version} is in the editor.`));
    fill(this.sql.notice, h("div", { class: "d-problem d-ask", role: "note" }, text, restore, button("Back to newest", () => this.open(base))));
  }

  private async restore(query: SavedQuery, version: number): Promise<void> {
    try {
      const restored = await this.api.restoreQuery(query.slug, version);
      this.open(restored);
      this.notices.offer(`Version ${version} is the newest again.`, "Undo", () => this.restore(restored, query.version));
      await this.lists.refreshed();
    } catch (error) {
      this.notices.say(`Version ${version} was not brought back: ${sentence(error)}`);
    }
  }

  private async copy(base: SavedQuery, format: string): Promise<void> {
    const link = this.api.endpointUrl(base.slug, format, this.sql.parameters.address);
    try {
      await navigator.clipboard.writeText(link);
      this.notices.say("Link copied. It opens where you are signed in, and elsewhere with a token.");
    } catch {
      this.notices.say(link, 60_000); // not allowed to copy: the person can
    }
  }
}
