/** The frame: top bar, title line, modes, and the places that the panes fill. */

import { button, fill, h, icon, type Child, type IconName } from "./dom.ts";
import { closeOutside } from "./download.ts";
import { ago, counted, size } from "./format.ts";
import { originOf, type ForeignSource } from "./foreignapi.ts";
import { readingButton } from "./review.ts";
import type { QueryTitle } from "./saving.ts";
import type { Mode, View } from "./state.ts";
import type { Table, Workspace } from "./shapes.ts";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
export const MODES: { mode: Mode; label: string; icon: IconName }[] = [
  { mode: "table", label: "Table", icon: "table" },
  { mode: "profile", label: "Profile", icon: "profile" },
  { mode: "sql", label: "SQL", icon: "play" },
  { mode: "chart", label: "Chart", icon: "bar" },
];

/** Where the neighbours of this workspace are, from the path of its data plane. A dashboard server has no JupyterLab. */
export function places(api: string): { home: string; lab: string | null; reopen: (slug: string) => string; signOut: string; person: string; slug: string } {
  const base = api.replace(/deita\/api\/v1$/, "");
  const [, hub = "/", person = "", slug = ""] = /^(.*?\/)user\/([^/]+)\/([^/]+)\//.exec(base) ?? [];
  const services = `${hub}services/deita/`;
  return { home: services, lab: person.startsWith("dash-") ? null : `${base}lab`, reopen: (of) => `${services}open/${encodeURIComponent(of)}`, signOut: `${hub}hub/logout`, person: decodeURIComponent(person), slug: decodeURIComponent(slug) };
}

export interface FrameEvents {
  mode: (mode: Mode) => void;
  search: () => void;
  sheet: () => void;
  /** Shows how the table was read. */
  reading: () => void;
  /** Reads a table from its database again; null for who may not. */
  again: () => ((origin: ForeignSource, table: string, before: number) => void) | null;
}

export class Frame {
  readonly title = h("div", { class: "d-title" });
  readonly body = h("main", { class: "d-body" });
  readonly shell = h("div", { class: "d-shell" });
  readonly banner = h("div", { class: "d-banners" });
  private readonly events: FrameEvents;
  private readonly modes: HTMLElement;
  private readonly workspace = h("span", { class: "d-workspace" });
  private readonly person = h("span", {});
  private readonly sheet: HTMLElement;

  constructor(root: HTMLElement, api: string, side: HTMLElement, events: FrameEvents, ...overlays: Node[]) {
    const at = places(api);
    this.events = events;
    this.workspace.textContent = at.slug;
    this.person.textContent = at.lab && at.person ? at.person : "account";
    this.modes = h("div", { class: "d-modes", role: "tablist", "aria-label": "View" }, ...MODES.map(({ mode, label, icon: name }) => h("button", { type: "button", role: "tab", "data-mode": mode, on: { click: () => events.mode(mode), keydown: (event: KeyboardEvent) => this.arrow(event) } }, icon(name), h("span", {}, label))));
    this.sheet = h("button", { type: "button", class: "d-sheet-button", "aria-expanded": "false", on: { click: events.sheet } }, icon("menu"), h("span", {}, "Tables"));
    const account = h("details", { class: "d-menu" }, h("summary", { class: "d-button d-account" }, this.person, icon("down")), h("div", { role: "menu" }, h("a", { role: "menuitem", href: at.home }, "All workspaces"), at.lab ? h("a", { role: "menuitem", href: at.lab }, "Open in JupyterLab") : null, h("a", { role: "menuitem", href: at.signOut }, "Sign out")));
    closeOutside(account);
    const search = h("button", { type: "button", class: "d-button d-find", "aria-label": "Search tables, files and columns", on: { click: events.search } }, icon("search"), h("span", {}, "Search"), h("kbd", {}, APPLE ? "⌘K" : "Ctrl K"));
    const top = h("header", { class: "d-top" }, h("a", { class: "d-logo", href: at.home, title: "All workspaces" }, mark(), h("span", {}, "Deita")), h("span", { class: "d-slash", "aria-hidden": "true" }, "▸"), this.workspace, h("span", { class: "d-space" }), search, at.lab ? h("a", { class: "d-button d-lab", href: at.lab, target: "_blank", rel: "noopener" }, icon("lab"), h("span", {}, "Open in JupyterLab")) : null, account);
    const scrim = h("div", { class: "d-scrim", on: { click: events.sheet } });
    fill(this.shell, top, side, scrim, this.title, h("nav", { class: "d-tabs", "aria-label": "Modes" }, this.sheet, this.modes), this.body, ...overlays);
    fill(root, this.shell);
  }

  named({ name, role, person }: Workspace): void {
    if (person) this.person.textContent = person;
    this.workspace.textContent = name;
    document.title = document.body.dataset["deitaPage"] ? `${name} · Deita` : document.title;
    this.workspace.title = role === "owner" ? "You own this workspace" : `You are ${role === "editor" ? "an editor" : `a ${role}`} here`;
  }

  mode(mode: Mode): void {
    for (const tab of this.modes.querySelectorAll<HTMLElement>("[role=tab]")) {
      const on = tab.dataset["mode"] === mode;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
  }

  sheetOpen(open = !this.shell.classList.contains("d-sheet-open")): void {
    this.shell.classList.toggle("d-sheet-open", open);
    this.sheet.setAttribute("aria-expanded", String(open));
  }

  /** `versions` stands for the table's version, `query` for the statement in the editor. */
  heading({ mode, of, review }: View, table: Table | null, versions: Node, query: QueryTitle): void {
    const facts = (one: Table) => [h("span", { class: "d-fact" }, counted(one.rows, "row")), h("span", { class: "d-fact d-wide" }, counted(one.columns.length, "column")), h("span", { class: "d-fact" }, versions)];
    if (review) return fill(this.title, h("h1", {}, review === "table" ? `How ${table?.name ?? "it"} was read` : "How should this file be read?"));
    if (mode === "sql") return fill(this.title, h("h1", { title: query.description || query.name }, query.name), query.versions ? h("span", { class: "d-fact" }, query.versions) : null, query.edited ? h("span", { class: "d-fact d-warn" }, "edited") : null);
    if (mode === "chart" && of === "query") return fill(this.title, h("h1", {}, "Chart of the query’s result"));
    if (!table) return fill(this.title, h("h1", {}, "Explore"));
    fill(this.title, h("h1", { title: table.name }, table.name), ...facts(table), table.source?.file ? readingButton(this.events.reading) : null, this.againButton(table));
  }

  /** A line across the body: what is wrong with the whole workspace, and the way out. */
  warn(kind: "" | "offline" | "stopped" | "signed-out" | "read-only" | "failed", text = "", action: Child = null): void {
    if (this.banner.dataset["kind"] === kind && kind !== "failed") return;
    this.banner.dataset["kind"] = kind;
    fill(this.banner, kind ? h("div", { class: "d-banner", role: kind === "read-only" ? "note" : "alert" }, icon("warn"), h("span", {}, text), action) : null);
  }

  private againButton(table: Table): HTMLElement | null {
    const origin = originOf(table);
    const read = this.events.again();
    if (!origin || !read) return null;
    const title = `Read it from ${origin.connection} as it is there now; this version stays`;
    return button("Read again", () => read(origin, table.name, table.version), { class: "d-button d-quiet d-reading", title, "aria-label": "Read again", icon: "again" });
  }

  private arrow(event: KeyboardEvent): void {
    const tabs = [...this.modes.querySelectorAll<HTMLElement>("[role=tab]")];
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(event.currentTarget as HTMLElement) + step + tabs.length) % tabs.length];
    next?.focus();
    next?.click();
  }
}

/** The mark: three bars that grow. */
function mark(): SVGSVGElement {
  const svg = icon("bar");
  svg.setAttribute("class", "d-mark-logo");
  return svg;
}

/** Where a table's rows come from, for the foot; `receipt` opens that of a query. */
export function sourceLine(table: Table, receipt: (id: string) => void): HTMLElement {
  const { source } = table;
  const from = source?.file ? `from ${source.file}` : source?.receipt ? "from a query" : "";
  const title = [source?.receipt?.sql, source?.sha256 ? `SHA-256 ${source.sha256}` : "", table.created_at, table.bytes ? size(table.bytes) : ""].filter(Boolean).join("\n");
  const id = source?.receipt?.query_id;
  const rest = [id ? "" : from, ago(table.created_at), table.created_by ? `by ${table.created_by}` : ""].filter(Boolean).join(" · ");
  return h("span", { class: "d-source", title }, id ? button(from, () => receipt(id), { class: "d-link" }) : null, id ? " · " : null, rest);
}

/** What to do while there is nothing. */
export function emptyState(writable: boolean, choose: () => void, sample: () => void): HTMLElement {
  if (!writable) return h("div", { class: "d-empty" }, icon("table"), h("h2", {}, "No tables yet"), h("p", { class: "d-muted" }, "An owner or editor of this workspace can add files. They show up here by themselves."));
  return h(
    "div",
    { class: "d-empty" },
    icon("upload"),
    h("h2", {}, "Drop a file to begin"),
    h("p", { class: "d-muted" }, "CSV of any kind, Excel, OpenDocument, JSON, Parquet or Arrow, also packed. It becomes a table that you can page through, ask in SQL, and chart."),
    h("div", { class: "d-row-of-buttons" }, button("Choose files", choose, { class: "d-button d-primary", icon: "upload" }), button("Try sample data", sample)),
  );
}
