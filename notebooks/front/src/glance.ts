/** A column at a glance: bars of its distribution, how many values are missing, how many differ. */

import { h } from "./dom.ts";
import { distinctWords, percent } from "./profiles.ts";
import type { ColumnProfile } from "./shapes.ts";

const SVG = "http://www.w3.org/2000/svg";
const FEW = 12;

/** Counts to draw as bars: the histogram, or the values themselves where there are few. */
export function counts(column: ColumnProfile): number[] {
  if (column.histogram.length > 1) return column.histogram.map((bin) => bin.count);
  if (column.distinct > 1 && column.distinct <= FEW && column.top.length > 1) return column.top.map(({ count }) => count);
  return [];
}

/** Bars from the bottom; what is there at all can be seen. */
export function bars(values: number[], width: number, height: number, titles: string[] = []): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "d-bars");
  svg.setAttribute("aria-hidden", "true");
  const most = Math.max(1, ...values);
  const step = width / Math.max(values.length, 1);
  values.forEach((value, i) => {
    const tall = value ? Math.max(1.5, (value / most) * height) : 0;
    const bar = document.createElementNS(SVG, "rect");
    const place = { x: i * step, y: height - tall, width: Math.max(step - (step > 4 ? 1 : 0.5), 0.5), height: tall };
    for (const [name, number] of Object.entries(place)) bar.setAttribute(name, number.toFixed(2));
    if (titles[i]) {
      const title = document.createElementNS(SVG, "title");
      title.textContent = titles[i] ?? "";
      bar.append(title);
    }
    svg.append(bar);
  });
  return svg;
}

/** What stands below a column's name in the grid; empty while the profile is on its way. */
export function glance(column: ColumnProfile | undefined): HTMLElement {
  const place = h("span", { class: "d-glance" });
  if (!column) return place;
  const values = counts(column);
  const all = column.count + column.nulls;
  const missing = column.nulls ? h("span", { class: "d-missing" }, column.count ? `${percent(column.nulls, all)} null` : "all null") : null;
  const words = column.nulls ? missing : values.length || !column.count ? null : h("span", {}, column.distinct === 1 ? "one value" : distinctWords(column));
  place.append(values.length ? bars(values, 80, 16) : h("span", { class: "d-bars" }), h("span", { class: "d-glance-words" }, words));
  return place;
}
