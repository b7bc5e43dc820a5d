/** Profiles of table versions, asked for once and remembered; whoever leaves the table ends the asking. */

import type { Api } from "./api.ts";
import { cell, count, kindOf } from "./format.ts";
import type { ColumnProfile, Profile } from "./shapes.ts";

const KEPT = 8;

export class Profiles {
  private readonly api: Api;
  private readonly kept = new Map<string, Profile>();
  private asking: { key: string; profile: Promise<Profile>; control: AbortController } | null = null;

  constructor(api: Api) {
    this.api = api;
  }

  /** The profile of a version; another one that is still asked for is given up. */
  async get(table: string, version: number, keep = true): Promise<Profile> {
    const key = JSON.stringify([table, version]);
    const known = keep ? this.kept.get(key) : undefined;
    if (known) return known;
    if (this.asking?.key !== key) {
      this.leave();
      const control = new AbortController();
      this.asking = { key, control, profile: this.api.profile(table, version, control.signal) };
    }
    const { asking } = this;
    try {
      const profile = await asking.profile;
      if (keep) this.remember(key, profile);
      return profile;
    } finally {
      if (this.asking === asking) this.asking = null;
    }
  }

  /** Nobody looks any more. */
  leave(): void {
    this.asking?.control.abort();
    this.asking = null;
  }

  private remember(key: string, profile: Profile): void {
    this.kept.delete(key);
    this.kept.set(key, profile);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
  }
}

/** A share in per cent: never 0 for what is there, never 100 for what is not all. */
export function percent(part: number, whole: number): string {
  if (!part || !whole) return "0%";
  const share = (part / whole) * 100;
  if (share < 0.1) return "<0.1%";
  if (part < whole && share > 99.9) return ">99.9%";
  return `${share < 10 ? Number(share.toFixed(1)) : Math.round(share)}%`;
}

/** How many different values there are, in words. */
export function distinctWords({ distinct, distinct_is_approximate: about }: ColumnProfile): string {
  return `${about ? "≈ " : ""}${count(distinct)} distinct`;
}

/** One value of a profile as text, as the grid writes it. */
export function valueText(value: unknown, { name, type }: { name: string; type: string }): string {
  const kind = kindOf(type);
  const rounded = kind === "number" && typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  return cell(rounded, kind, name).text;
}

/** Everything in a sentence, for the tooltip and for whoever hears the page. */
export function summary(column: ColumnProfile): string {
  const parts = [distinctWords(column)];
  if (column.nulls) parts.push(`${count(column.nulls)} null (${percent(column.nulls, column.nulls + column.count)})`);
  if (column.min !== null) parts.push(`${valueText(column.min, column)} to ${valueText(column.max, column)}`);
  return parts.join(" · ");
}
