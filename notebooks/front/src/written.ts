/** What a statement that writes did, in words. */

import { count } from "./format.ts";
import type { Wrote } from "./shapes.ts";

const DONE: Record<string, string> = { create: "created", replace: "replaced", drop: "dropped", write: "altered" };

/** "3 rows inserted, 1 updated · stock version 5", or what became of the table. */
export function writtenWords(wrote: Wrote): string {
  const { table, version, operation } = wrote;
  if (version === null) return `Nothing changed · ${table}`;
  const told = rowsWords(wrote);
  if (told) return `${told} · ${table} version ${version}`;
  return operation === "rename" ? `Renamed to ${table}` : `${table} ${DONE[operation ?? ""] ?? "changed"}`;
}

/** "3 rows inserted, 1 updated"; nothing where no rows are told. */
export function rowsWords(wrote: Wrote): string {
  const told = (["inserted", "updated", "deleted"] as const).filter((name) => wrote[name]).map((name) => ({ name, rows: wrote[name] ?? 0 }));
  return told.map(({ name, rows }, place) => `${count(rows)}${place ? "" : rows === 1 ? " row" : " rows"} ${name}`).join(", ");
}
