/** Elements from plain values. Data reaches the page as text nodes and attributes only; nothing here takes markup. */

export type Child = Node | string | number | null | undefined | false;
type Handler = (event: never) => void;
export type Props = {
  class?: string | undefined;
  on?: Record<string, Handler>;
  style?: Record<string, string>;
} & Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") element.className = value as string;
    else if (key === "on") {
      for (const [type, handler] of Object.entries(value as Record<string, Handler>)) element.addEventListener(type, handler as EventListener);
    } else if (key === "style") {
      for (const [name, text] of Object.entries(value as Record<string, string>)) element.style.setProperty(name, text);
    } else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(typeof child === "number" ? String(child) : child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
  file: "M4 1.5h5l3 3v10H4zM9 1.5v3h3",
  upload: "M8 10.5v-8M5 5l3-3 3 3M2.5 10.5v3h11v-3",
  download: "M8 2.5v8M5 8l3 3 3-3M2.5 10.5v3h11v-3",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M6 4l4 4-4 4",
  down: "M4 6l4 4 4-4",
  left: "M10 4 6 8l4 4",
  right: "M6 4l4 4-4 4",
  up: "M8 13V3M4 7l4-4 4 4",
  descend: "M8 3v10M4 9l4 4 4-4",
  insert: "M5.5 2.5h5M5.5 13.5h5M8 2.5v11",
  play: "M4.5 3v10l8-5z",
  stop: "M4 4h8v8H4z",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  check: "M3 8.5 6.5 12 13 4.5",
  warn: "M8 2 1.5 13.5h13zM8 6.5v3.5M8 11.8v.2",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  bar: "M3 13V8M8 13V3M13 13V6",
  profile: "M2 13.5h12M3.5 13.5v-4M6.5 13.5v-9M9.5 13.5v-6M12.5 13.5v-2.5",
  again: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
  lab: "M9.5 2.5h4v4M13.5 2.5 8 8M6.5 3.5h-4v10h10v-4",
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `d-icon d-icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function button(label: string, click: (event: MouseEvent) => void, props: Props & { icon?: IconName; bare?: boolean } = {}): HTMLButtonElement {
  const { icon: name, bare, ...rest } = props;
  const named = bare ? { "aria-label": label, title: label } : {};
  return h("button", { type: "button", class: "d-button", on: { click }, ...named, ...rest }, name ? icon(name) : null, bare ? null : h("span", {}, label));
}

/** Replaces what `parent` holds. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => (typeof child === "number" ? String(child) : child)) as (Node | string)[]);
}

/** Cuts away what earlier calls left when a newer one has begun. */
export class Latest {
  private current: AbortController | null = null;

  next(): AbortSignal {
    this.current?.abort();
    this.current = new AbortController();
    return this.current.signal;
  }

  stop(): void {
    this.current?.abort();
    this.current = null;
  }
}

/** Let the arrow keys walk through the buttons of a list. */
export function walkable(list: HTMLElement): void {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...list.querySelectorAll<HTMLElement>("button:not(:disabled)")];
    items[(items.indexOf(document.activeElement as HTMLElement) + step + items.length) % items.length]?.focus();
  });
}
