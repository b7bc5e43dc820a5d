/** Rows that did not fit: line, column, why, and how they stand in the file; all of them as a download. */

import type { Api } from "./api.ts";
import { fill, h, icon } from "./dom.ts";
import { count } from "./format.ts";
import { sentence } from "./problems.ts";
import type { Reject } from "./shapes.ts";

const SHOWN = 200;

export function rejectTable(items: Reject[]): HTMLElement {
  const row = (item: Reject) => h("tr", {}, h("td", { "data-kind": "number" }, item.line === null ? "" : count(item.line)), h("td", {}, item.column ?? ""), h("td", {}, item.reason), h("td", {}, h("code", { title: item.raw ?? "" }, item.raw ?? "")));
  return h("table", {}, h("thead", {}, h("tr", {}, ...["Line", "Column", "Why", "As it stands in the file"].map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, ...items.map(row)));
}

/** The rejects of an import, fetched now; an error stands in their place. */
export function rejectList(api: Api, id: string, total: number): HTMLElement {
  const element = h("div", { class: "d-rejects", "aria-busy": "true" }, "…");
  api.rejects(id).then(
    (items) => {
      const shown = items.slice(0, SHOWN);
      fill(element, rejectTable(shown), shown.length < total ? h("p", { class: "d-muted" }, `The first ${count(shown.length)} of ${count(total)}; the download has all.`) : null);
    },
    (error: unknown) => fill(element, sentence(error)),
  ).finally(() => element.removeAttribute("aria-busy"));
  return element;
}

/** A link that saves all rejects of an import. */
export function rejectDownload(api: Api, id: string): HTMLElement {
  return h("a", { class: "d-button d-small", href: api.rejectsUrl(id, "csv"), download: "" }, icon("download"), h("span", {}, "Download as CSV"));
}
