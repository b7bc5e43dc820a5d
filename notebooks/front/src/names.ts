/** Names for what is dropped: of files that are here already, and of tables made from files. */

/** "sales.csv" → "sales-2.csv", counting up until it is free. */
export function freeFileName(name: string, taken: Iterable<string>): string {
  const used = new Set([...taken].map((other) => other.toLowerCase()));
  const parts = /^(.+?)((?:\.[A-Za-z0-9]{1,8}){0,2})$/.exec(name);
  const stem = (parts?.[1] ?? name).replace(/-\d+$/, "");
  const ending = parts?.[2] ?? "";
  for (let n = 2; ; n++) {
    const candidate = `${stem}-${n}${ending}`;
    if (!used.has(candidate.toLowerCase())) return candidate;
  }
}

/** "sales" → "sales_2", counting up until it is free. */
export function freeTableName(name: string, taken: Iterable<string>): string {
  const used = new Set([...taken].map((other) => other.toLowerCase()));
  const stem = name.replace(/_\d+$/, "");
  for (let n = 2; ; n++) if (!used.has(`${stem}_${n}`.toLowerCase())) return `${stem}_${n}`;
}
