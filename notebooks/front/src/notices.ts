/** Errors in place, and the short lines at the foot that say what happened and offer to undo it. */

import { button, h, icon } from "./dom.ts";
import { ApiError, Offline, sentence } from "./problems.ts";

const UNDO_MS = 8000;
const OFFER_MS = 15_000;

/** What went wrong, where and what to do next; `actions` stand beside it. */
export function problemBox(error: unknown, ...actions: (Node | null)[]): HTMLElement {
  const hint = error instanceof ApiError ? error.hint : error instanceof Offline ? "Check the connection; your work is kept." : null;
  const position = error instanceof ApiError ? error.position : null;
  const place = position ? `Line ${position.line}, column ${position.column}: ` : "";
  const id = error instanceof ApiError ? error.requestId : null;
  return h(
    "div",
    { class: "d-problem", role: "alert", title: id ? `Request ${id}` : undefined },
    icon("warn"),
    h("div", {}, h("p", {}, place ? h("b", {}, place) : null, sentence(error)), hint ? h("p", { class: "d-muted" }, hint) : null),
    ...actions,
  );
}

/** A stack of lines at the foot of the app. */
export class Notices {
  readonly element = h("div", { class: "d-notices", role: "status", "aria-live": "polite" });
  private readonly pending = new Set<() => void>();

  constructor(signal: AbortSignal) {
    addEventListener("pagehide", () => this.flush(), { signal });
  }

  say(text: string, ms = 6000): void {
    const line = h("div", { class: "d-notice" }, h("span", {}, text));
    line.append(button("Close", () => line.remove(), { icon: "close", bare: true }));
    this.element.append(line);
    setTimeout(() => line.remove(), ms);
  }

  /** Says what was done and offers what can be done about it. */
  offer(text: string, label: string, act: () => Promise<void>, ms = OFFER_MS): void {
    const take = () => {
      line.remove();
      void act();
    };
    const line = h("div", { class: "d-notice" }, h("span", {}, text), button(label, take, { class: "d-button d-strong" }), button("Close", () => line.remove(), { icon: "close", bare: true }));
    this.element.append(line);
    setTimeout(() => line.remove(), ms);
  }

  /** Does `act` in a moment unless the person takes it back; leaving the page does it at once. */
  undoable(text: string, act: () => void, undo: () => void): void {
    const finish = (run: () => void) => {
      clearTimeout(timer);
      this.pending.delete(commit);
      line.remove();
      run();
    };
    const commit = () => finish(act);
    const line = h("div", { class: "d-notice" }, h("span", {}, text), button("Undo", () => finish(undo), { class: "d-button d-strong" }));
    const timer = setTimeout(commit, UNDO_MS);
    this.pending.add(commit);
    this.element.append(line);
  }

  private flush(): void {
    for (const commit of [...this.pending]) commit();
  }
}
