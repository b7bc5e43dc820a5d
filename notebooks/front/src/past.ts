/** An older version on the screen: the table as it was, and the bar that says so and leads back. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, icon } from "./dom.ts";
import { ago, counted } from "./format.ts";
import { problemBox, type Notices } from "./notices.ts";
import { sentence } from "./problems.ts";
import type { Table } from "./shapes.ts";
import { VersionMenu, rowWords } from "./versions.ts";

export interface PastEvents {
  /** The older version arrived, or could not be had. */
  changed: () => void;
  /** Another version is to be shown; null is the newest. */
  look: (version: number | null) => void;
  /** A version was brought back: the lists are to be read again. */
  restored: () => Promise<void>;
  writable: () => boolean;
}

export class Past {
  readonly element = h("div", { class: "d-banners" });
  readonly menu: VersionMenu;
  private readonly api: Api;
  private readonly notices: Notices;
  private readonly events: PastEvents;
  private readonly latest = new Latest();
  private asked = "";
  private table: Table | null = null;
  private failure: unknown = null;

  constructor(api: Api, notices: Notices, events: PastEvents) {
    this.api = api;
    this.notices = notices;
    this.events = events;
    this.menu = new VersionMenu(api, { look: events.look });
  }

  /** Whether an older version is looked at, also while it is on its way. */
  get on(): boolean {
    return this.asked !== "";
  }

  /** The table as the version had it; null while it is on its way. `newest` is how it stands now. */
  at(newest: Table | null, version: number | null): Table | null {
    if (!newest || version === null || version === newest.version) {
      this.leave();
      if (newest) this.menu.update(newest, false);
      return newest;
    }
    const key = JSON.stringify([newest.name, version]);
    if (key !== this.asked) void this.ask(key, newest.name, version);
    this.draw(newest, version);
    if (this.table) this.menu.update(this.table, true);
    return this.table;
  }

  private leave(): void {
    if (!this.asked) return;
    this.latest.stop();
    this.asked = "";
    this.table = null;
    fill(this.element);
  }

  private async ask(key: string, name: string, version: number): Promise<void> {
    const signal = this.latest.next();
    this.asked = key;
    this.table = this.failure = null;
    try {
      const table = await this.api.table(name, version, signal);
      if (signal.aborted) return;
      this.table = table;
    } catch (error) {
      if (signal.aborted) return;
      this.failure = error;
    }
    this.events.changed();
  }

  private draw(newest: Table, version: number): void {
    const back = button("Back to newest", () => this.events.look(null));
    if (this.failure) return fill(this.element, h("div", { class: "d-banner d-past-bar" }, problemBox(this.failure, back)));
    const { table } = this;
    const facts = table ? [counted(table.rows, "row"), rowWords(table.rows - newest.rows) && `${rowWords(table.rows - newest.rows)} than now`, `${ago(table.created_at)} by ${table.created_by}`] : ["…"];
    const restore = this.events.writable() ? button("Restore", () => void this.restore(newest, version, restore), { class: "d-button d-primary", disabled: !table }) : null;
    fill(this.element, h("div", { class: "d-banner d-past-bar", role: "note" }, icon("table"), h("span", {}, h("b", {}, `You are looking at version ${version} of ${newest.version}`), h("span", { class: "d-past-facts" }, ` · ${facts.filter(Boolean).join(" · ")}`)), restore, back));
  }

  private async restore(newest: Table, version: number, pressed: HTMLButtonElement | null): Promise<void> {
    if (pressed) pressed.disabled = true;
    try {
      await this.api.restore(newest.name, version);
      await this.events.restored();
      this.events.look(null);
      this.notices.offer(`Version ${version} of ${newest.name} is the newest again.`, "Undo", () => this.undo(newest));
    } catch (error) {
      this.notices.say(`Version ${version} was not brought back: ${sentence(error)}`);
      if (pressed) pressed.disabled = false;
    }
  }

  private async undo(before: Table): Promise<void> {
    try {
      await this.api.restore(before.name, before.version);
      await this.events.restored();
      this.notices.say(`${before.name} is as it was before.`);
    } catch (error) {
      this.notices.say(`It could not be taken back: ${sentence(error)}`);
    }
  }
}
