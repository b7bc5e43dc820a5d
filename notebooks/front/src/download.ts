/** Takes a result away: the server writes the file, the browser saves it. */

import type { Api, Selection } from "./api.ts";
import { button, h, icon } from "./dom.ts";
import { identifier } from "./format.ts";
import { runQuery } from "./queries.ts";
import { sentence } from "./problems.ts";

export const FORMATS: { format: string; label: string; ending: string }[] = [
  { format: "csv", label: "CSV", ending: "csv" },
  { format: "xlsx", label: "Excel", ending: "xlsx" },
  { format: "parquet", label: "Parquet", ending: "parquet" },
  { format: "json", label: "JSON", ending: "json" },
  { format: "ndjson", label: "JSON lines", ending: "ndjson" },
  { format: "arrow", label: "Arrow", ending: "arrow" },
];

export function save(url: string, name: string): void {
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Everything in a table as the result of a query, which can then be fetched in any format. */
async function tableQuery(api: Api, table: string, version?: number | null): Promise<string> {
  return (await runQuery(api, `SELECT * FROM ${identifier(table)}`, { asOf: version ? { [table]: version } : null })).id;
}

/** What is downloaded: a table (or an older version of it), or the query whose result is shown; as it is sorted and filtered. */
export type Subject = ({ table: string; version?: number | null } | { query: string }) & { selection?: Selection };

/** A Download button with its formats; CSV, the usual one, is the button itself. */
export function downloadControl(api: Api, subject: Subject, say: (text: string) => void): HTMLElement {
  const name = "table" in subject ? subject.table : "result";
  const run = async (format: string, ending: string) => {
    menu.removeAttribute("open");
    main.disabled = true;
    try {
      const id = "table" in subject ? await tableQuery(api, subject.table, subject.version) : subject.query;
      save(api.resultUrl(id, format, name, subject.selection), `${name}.${ending}`);
    } catch (error) {
      say(`The download did not start: ${sentence(error)}`);
    } finally {
      main.disabled = false;
    }
  };
  const main = button("Download CSV", () => void run("csv", "csv"), { icon: "download", class: "d-button d-download" });
  const items = FORMATS.map(({ format, label, ending }) => h("button", { type: "button", role: "menuitem", "data-format": format, on: { click: () => void run(format, ending) } }, label));
  const menu = h("details", { class: "d-menu d-menu-up" }, h("summary", { class: "d-button", "aria-label": "Other formats", title: "Other formats" }, icon("down")), h("div", { role: "menu" }, ...items));
  closeOutside(menu);
  return h("span", { class: "d-split" }, main, menu);
}

/** A menu that closes by Escape, by a press outside, or when the focus goes elsewhere. */
export function closeOutside(menu: HTMLDetailsElement): void {
  const outside = (event: Event) => {
    if (!menu.contains(event.target as Node)) menu.removeAttribute("open");
  };
  menu.addEventListener("toggle", () => document[menu.open ? "addEventListener" : "removeEventListener"]("pointerdown", outside));
  menu.addEventListener("focusout", (event) => {
    const to = (event as FocusEvent).relatedTarget as Node | null;
    if (to && !menu.contains(to)) menu.removeAttribute("open");
  });
  menu.addEventListener("keydown", (event) => {
    if ((event as KeyboardEvent).key !== "Escape") return;
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
  });
}

