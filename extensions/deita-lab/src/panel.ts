/** The side panel "Workspace": a filter, the tree, files on their way in, and the place to drop more. */

import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";

import type { Api } from "@deita/front/api.ts";
import { button, fill, h, icon } from "@deita/front/dom.ts";
import { DropZone } from "@deita/front/drop.ts";
import { plain } from "@deita/front/format.ts";
import { Intake } from "@deita/front/intake.ts";
import type { Job } from "@deita/front/job.ts";
import { Lists } from "@deita/front/lists.ts";
import { Notices, problemBox } from "@deita/front/notices.ts";
import type { View } from "@deita/front/state.ts";
import { Tray } from "@deita/front/tray.ts";
import type { Row } from "./outline.ts";
import { Tree } from "./tree.ts";

const POLL_MS = 5000;
const MAY_WRITE = new Set(["owner", "editor"]);

export interface PanelEvents {
  preview: (table: string) => void;
  query: (table: string) => void;
  insert: (text: string) => void;
  /** Goes to a view of Explore. */
  explore: (view: Partial<View>) => void;
  /** The lists differ from before. */
  changed: () => void;
}

export class WorkspacePanel extends Widget {
  readonly lists: Lists;
  private readonly api: Api;
  private readonly events: PanelEvents;
  private readonly intake: Intake;
  private readonly tree: Tree;
  private readonly zone: DropZone;
  private readonly life = new AbortController();
  private readonly trouble = h("div", { class: "d-trouble" });
  private readonly hint = h("p", { class: "d-hint", hidden: true });
  private readonly filter: HTMLInputElement;
  private readonly writing: HTMLElement[];
  private role: string | null = null;

  constructor(api: Api, events: PanelEvents) {
    super({ node: h("div", { class: "deita d-lab d-panel" }) });
    this.api = api;
    this.events = events;
    const notices = new Notices(this.life.signal);
    this.lists = new Lists(api, notices, { changed: () => this.changed(), answered: () => fill(this.trouble), failed: (error) => this.failed(error), hidden: () => this.draw() });
    this.zone = new DropZone(this.node, (files) => void this.intake.add(files), () => this.writable);
    const tray = new Tray(() => this.intake, { open: events.preview, choose: () => this.chooseFiles(), look: (job) => this.look(job), undo: () => undefined });
    this.intake = new Intake(api, { review: () => undefined, changed: (job) => tray.update(job), arrived: () => this.arrived(), files: () => this.lists.files, tables: () => this.lists.tables });
    this.tree = new Tree({ choose: (row) => this.choose(row), query: events.query, insert: events.insert, makeTable: (name) => this.makeTable(name) });
    this.filter = h("input", { type: "search", class: "d-filter", placeholder: "Filter", "aria-label": "Filter tables, columns and files", on: { input: () => this.draw(), keydown: (event: KeyboardEvent) => event.key === "ArrowDown" && this.tree.focus() } });
    const upload = button("Upload files", () => this.chooseFiles(), { icon: "upload", bare: true, class: "d-button d-quiet" });
    const drop = h("button", { type: "button", class: "d-drop", on: { click: () => this.chooseFiles() } }, icon("upload"), h("span", {}, "Drop files, or choose"));
    this.writing = [upload, drop];
    const head = h("div", { class: "d-panel-head" }, this.filter, upload, button("Open in Explore", () => events.explore({}), { icon: "lab", bare: true, class: "d-button d-quiet" }));
    fill(this.node, head, this.trouble, h("div", { class: "d-panel-scroll" }, this.hint, this.tree.element), tray.element, drop, notices.element);
    this.zone.attach(this.node);
    this.follow();
  }

  get writable(): boolean {
    return this.role === null || MAY_WRITE.has(this.role);
  }

  /** Lets the person choose files to upload. */
  chooseFiles(): void {
    if (this.writable) this.zone.choose();
  }

  /** The row that a node of the page lies in. */
  rowAt(node: Element): Row | null {
    return this.node.contains(node) ? this.tree.rowAt(node) : null;
  }

  makeTable(name: string): void {
    const file = this.lists.files.find((one) => one.name === name);
    if (file && this.writable) this.intake.importFile(file);
    this.draw();
  }

  /** Reads the lists again where somebody sees them. */
  lookAgain(): void {
    if (this.isVisible && document.visibilityState === "visible") void this.lists.refresh();
  }

  override dispose(): void {
    this.life.abort();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.lookAgain();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.filter.focus();
  }

  private follow(): void {
    const { signal } = this.life;
    addEventListener("focus", () => this.lookAgain(), { signal });
    addEventListener("beforeunload", (event) => this.intake.busy && event.preventDefault(), { signal });
    const timer = setInterval(() => this.lookAgain(), POLL_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    void this.intake.offer();
  }

  private choose(row: Row): void {
    if (row.kind === "table") this.events.preview(row.table.name);
    else if (row.kind === "column") this.events.insert(plain(row.label));
    else if (row.kind === "file" && row.table) this.events.preview(row.table.name);
  }

  /** How a file was read, or should be, is looked at in Explore. */
  private look(job: Job): void {
    if (job.state === "review" && job.import) this.events.explore({ review: job.import.id });
    else this.events.explore({ table: job.table, review: "table" });
  }

  private async arrived(): Promise<void> {
    await this.lists.refreshed();
    this.draw();
  }

  private changed(): void {
    this.draw();
    this.events.changed();
    if (this.role === null) void this.introduce();
  }

  /** Learns what this person may do here; until then it looks as if everything, and the server decides. */
  private async introduce(): Promise<void> {
    try {
      this.role = (await this.api.workspace()).role;
      if (!this.writable) this.draw();
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    fill(this.trouble, problemBox(error, button("Try again", () => void this.lists.refresh())));
  }

  private draw(): void {
    for (const element of this.writing) element.hidden = !this.writable;
    if (!this.lists.loaded) return;
    const { tables, files } = this.lists;
    const nothing = tables.length + files.length === 0;
    this.hint.hidden = !nothing;
    this.hint.textContent = this.writable ? "Nothing here yet. Drop a file on this panel: it becomes a table that notebooks and Explore see too." : "Nothing here yet. An owner or editor of this workspace can add files.";
    this.filter.disabled = nothing;
    this.tree.element.hidden = nothing;
    this.tree.show({ tables, files, filter: this.filter.value, writable: this.writable, reading: this.intake.reading });
  }
}
