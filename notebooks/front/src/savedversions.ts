/** The versions of a saved query: a menu at the version's number that says who saved each of them, when and why. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, icon, walkable } from "./dom.ts";
import { closeOutside } from "./download.ts";
import { ago } from "./format.ts";
import { problemBox } from "./notices.ts";
import type { SavedQuery, SavedVersion } from "./shapes.ts";

const CODE = 120;

/** What made a version, in plain words. */
export function savedAs({ operation, restored_version: old, message }: SavedVersion): string {
  if (message) return message;
  if (operation === "restore") return `Version ${old ?? "?"} brought back`;
  return { create: "Saved", change: "Changed", delete: "Deleted" }[operation];
}

export class SavedVersions {
  readonly element: HTMLDetailsElement;
  private readonly api: Api;
  private readonly look: (version: SavedVersion, newest: boolean) => void;
  private readonly label = h("span", {});
  private readonly list = h("div", { role: "menu", "aria-label": "Versions" });
  private readonly latest = new Latest();
  private slug = "";
  private newest = 0;

  constructor(api: Api, look: (version: SavedVersion, newest: boolean) => void) {
    this.api = api;
    this.look = look;
    this.element = h("details", { class: "d-menu d-versions" }, h("summary", { class: "d-button d-quiet" }, this.label, icon("down")), this.list);
    closeOutside(this.element);
    this.element.addEventListener("toggle", () => (this.element.open ? void this.load() : this.latest.stop()));
    walkable(this.list);
  }

  update({ slug, version, updated_at, updated_by }: SavedQuery): void {
    if (slug !== this.slug) this.element.removeAttribute("open");
    this.slug = slug;
    this.newest = version;
    this.label.textContent = `v${version}`;
    const summary = this.element.querySelector("summary");
    summary?.setAttribute("title", `Saved ${ago(updated_at)} by ${updated_by}\nSee all versions`);
    summary?.setAttribute("aria-label", `Version ${version}, see all versions`);
  }

  private async load(cursor?: string, more?: HTMLElement): Promise<void> {
    const signal = this.latest.next();
    if (!more) fill(this.list, ...Array.from({ length: 3 }, () => h("div", { class: "d-version" }, h("i", { class: "d-bone" }))));
    try {
      const page = await this.api.savedVersions(this.slug, cursor, signal);
      if (signal.aborted) return;
      const items = page.items.map((version) => this.item(version));
      const { next } = page;
      if (next) {
        const go: HTMLElement = button("Show older ones", () => void this.load(next, go), { role: "menuitem", class: "d-button d-quiet" });
        items.push(go);
      }
      if (more) more.replaceWith(...items);
      else fill(this.list, ...items);
      items[0]?.focus();
    } catch (error) {
      if (!signal.aborted) fill(this.list, problemBox(error, button("Try again", () => void this.load())));
    }
  }

  private item(version: SavedVersion): HTMLElement {
    const isNewest = version.version === this.newest;
    const look = () => {
      this.element.removeAttribute("open");
      this.look(version, isNewest);
    };
    return h(
      "button",
      { type: "button", role: "menuitem", class: "d-version", "data-version": version.version, disabled: version.operation === "delete", title: version.sql, on: { click: look } },
      h("b", {}, `v${version.version}`),
      h("span", { class: "d-version-what" }, h("span", {}, savedAs(version), isNewest ? h("span", { class: "d-muted" }, " · newest") : null), h("code", {}, version.sql.replace(/\s+/g, " ").slice(0, CODE))),
      h("span", { class: "d-version-who d-muted", title: version.created_at }, `${ago(version.created_at)} by ${version.created_by}`),
    );
  }
}
