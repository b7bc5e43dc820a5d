/** The versions of a table: a menu at the version's number that says who made each of them, when, and of what. */

import type { Api } from "./api.ts";
import { Latest, button, fill, h, icon, walkable } from "./dom.ts";
import { closeOutside } from "./download.ts";
import { ago, count, counted } from "./format.ts";
import { problemBox } from "./notices.ts";
import type { Table, Version } from "./shapes.ts";

const CODE = 120;

export interface VersionEvents {
  /** An older version is chosen, or the newest (null). */
  look: (version: number | null) => void;
}

/** What made a version, in plain words. */
export function made(version: Version): string {
  const { operation, source, restored_version: old } = version;
  const file = source?.file;
  const query = source?.receipt ? "a query" : "";
  if (operation === "restore") return `Version ${old ?? "?"} brought back`;
  if (operation === "rename") return "Renamed";
  if (operation === "drop") return "Deleted";
  if (operation === "append") return `${file ?? "Rows"} added`;
  if (operation === "replace") return file ? `Replaced by ${file}` : "Replaced by a query";
  if (operation === "create") return file ? `Made from ${file}` : `Made by ${query || "a query"}`;
  return "Changed by a query";
}

/** "12 rows more", "3 rows fewer"; nothing for the first version and where as many stayed. */
export function rowWords(change: number | null): string {
  if (!change) return "";
  return `${counted(Math.abs(change), "row")} ${change > 0 ? "more" : "fewer"}`;
}

/** Which columns came, went, or have another type. */
export function columnWords(version: Version): string {
  const named = (change: string) => version.column_changes.filter((one) => one.change === change).map(({ name }) => name);
  const words = (names: string[], what: string) => (names.length ? `${names.length > 3 ? counted(names.length, "column") : names.join(", ")} ${what}` : "");
  return [words(named("added"), "added"), words(named("removed"), "removed"), words(named("type"), "with another type")].filter(Boolean).join(" · ");
}

export class VersionMenu {
  readonly element: HTMLDetailsElement;
  private readonly api: Api;
  private readonly events: VersionEvents;
  private readonly label = h("span", {});
  private readonly list = h("div", { role: "menu", "aria-label": "Versions" });
  private readonly latest = new Latest();
  private table = "";
  private shown = 0;

  constructor(api: Api, events: VersionEvents) {
    this.api = api;
    this.events = events;
    this.element = h("details", { class: "d-menu d-versions" }, h("summary", { class: "d-button d-quiet" }, this.label, icon("down")), this.list);
    closeOutside(this.element);
    this.element.addEventListener("toggle", () => (this.element.open ? void this.load() : this.latest.stop()));
    walkable(this.list);
  }

  /** Which version of which table is on the screen. */
  update(table: Table, past: boolean): void {
    if (table.name !== this.table) this.element.removeAttribute("open");
    this.table = table.name;
    this.shown = table.version;
    this.label.textContent = `v${table.version}`;
    const summary = this.element.querySelector("summary");
    summary?.setAttribute("title", `Version ${table.version}${past ? ", not the newest" : ""} · ${table.created_at}\nSee all versions`);
    summary?.setAttribute("aria-label", `Version ${table.version}, see all versions`);
    this.element.classList.toggle("d-past", past);
  }

  private async load(): Promise<void> {
    const signal = this.latest.next();
    fill(this.list, ...Array.from({ length: 3 }, () => h("div", { class: "d-version" }, h("i", { class: "d-bone" }))));
    try {
      const page = await this.api.versions(this.table, undefined, signal);
      if (signal.aborted) return;
      const newest = page.items[0]?.version;
      fill(this.list, ...page.items.map((version) => this.item(version, newest)));
      if (page.next) this.list.append(this.more(page.next, newest));
      this.list.querySelector<HTMLElement>("[aria-current]")?.focus();
    } catch (error) {
      if (!signal.aborted) fill(this.list, problemBox(error, button("Try again", () => void this.load())));
    }
  }

  private more(cursor: string, newest: number | undefined): HTMLElement {
    const go = button("Show older ones", () => void this.older(cursor, newest, go), { role: "menuitem", class: "d-button d-quiet" });
    return go;
  }

  private async older(cursor: string, newest: number | undefined, go: HTMLElement): Promise<void> {
    const signal = this.latest.next();
    try {
      const page = await this.api.versions(this.table, cursor, signal);
      if (signal.aborted) return;
      const items = page.items.map((version) => this.item(version, newest));
      go.replaceWith(...items, ...(page.next ? [this.more(page.next, newest)] : []));
      items[0]?.focus();
    } catch (error) {
      if (!signal.aborted) go.replaceWith(problemBox(error));
    }
  }

  private item(version: Version, newest: number | undefined): HTMLElement {
    const current = version.version === this.shown;
    const gone = version.operation === "drop" || version.expired;
    const look = () => {
      this.element.removeAttribute("open");
      this.events.look(version.version === newest ? null : version.version);
    };
    const rejected = version.reject_count ? `${count(version.reject_count)} rejected` : "";
    const forgotten = version.expired ? "no longer kept" : "";
    const facts = [forgotten, gone ? "" : counted(version.rows, "row"), rowWords(version.row_change), rejected, columnWords(version)].filter(Boolean).join(" · ");
    const query = version.source?.receipt?.sql;
    return h(
      "button",
      { type: "button", role: "menuitem", class: "d-version", "data-version": version.version, "aria-current": current ? "true" : undefined, disabled: gone, title: query, on: { click: look } },
      h("b", {}, `v${version.version}`),
      h("span", { class: "d-version-what" }, h("span", {}, made(version), version.version === newest ? h("span", { class: "d-muted" }, " · newest") : null), query ? h("code", {}, query.replace(/\s+/g, " ").slice(0, CODE)) : null, h("span", { class: "d-muted" }, facts)),
      h("span", { class: "d-version-who d-muted", title: version.created_at }, `${ago(version.created_at)} by ${version.created_by}`),
    );
  }
}
