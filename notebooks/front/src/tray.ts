/** The lines of files on their way in: bar, rate, time left, Pause, Cancel; choices where a name is taken; what came out of it. */

import { button, fill, h, icon, type Child } from "./dom.ts";
import { count, counted, duration, size } from "./format.ts";
import type { Intake } from "./intake.ts";
import type { Job } from "./job.ts";
import { problemBox } from "./notices.ts";
import { ONE_REQUEST } from "./upload.ts";

const FADE_MS = 15_000;

export interface TrayEvents {
  open: (table: string) => void;
  /** Lets the person choose files. */
  choose: () => void;
  /** Shows how a file was read, or is about to be. */
  look: (job: Job) => void;
  undo: (job: Job) => void;
}

export class Tray {
  readonly element = h("section", { class: "d-tray", "aria-label": "Files on their way in", hidden: true });
  private readonly lines = new Map<number, HTMLElement>();
  private readonly intake: () => Intake;
  private readonly events: TrayEvents;

  constructor(intake: () => Intake, events: TrayEvents) {
    this.intake = intake;
    this.events = events;
  }

  update(job: Job): void {
    const { jobs } = this.intake();
    let line = this.lines.get(job.id);
    if (!jobs.includes(job)) {
      line?.remove();
      this.lines.delete(job.id);
    } else {
      if (!line) {
        line = h("div", { class: "d-job" });
        this.lines.set(job.id, line);
        this.element.append(line);
      }
      this.draw(line, job);
    }
    this.element.hidden = this.lines.size === 0;
  }

  private draw(line: HTMLElement, job: Job): void {
    const previous = line.dataset["state"];
    line.dataset["state"] = job.state;
    if (previous === job.state && (job.state === "sending" || job.state === "reading") && line.querySelector("progress")) return this.drawProgress(line, job);
    const close = button("Close", () => this.intake().dismiss(job), { icon: "close", bare: true, class: "d-button d-quiet" });
    const cancel = button("Cancel", () => this.intake().cancel(job));
    const name = h("b", { class: "d-job-name", title: job.name }, job.name);
    const says = (...children: Child[]) => h("span", { class: "d-job-says", role: "status" }, ...children);
    switch (job.state) {
      case "waiting":
        return fill(line, name, says(job.origin ? "waiting" : `waiting · ${size(job.size)}`), cancel);
      case "sending":
      case "reading":
        fill(line, name, h("progress", { "aria-label": job.name }), says(), job.state === "sending" && job.size > ONE_REQUEST ? button("Pause", () => this.intake().pause(job)) : null, cancel);
        return this.drawProgress(line, job);
      case "paused":
        return fill(line, name, this.bar(job), says(`paused · ${this.soFar(job)}`), button("Go on", () => this.intake().retry(job), { class: "d-button d-strong" }), cancel);
      case "unfinished":
        return fill(line, name, this.bar(job), says(`${this.soFar(job)} are here. Choose the same file again to continue.`), button("Choose file", this.events.choose, { class: "d-button d-strong" }), cancel);
      case "file_exists":
        return fill(line, name, says(`A file with this name is here already, with other content.`), ...this.fileChoices(job), cancel);
      case "table_exists":
        return fill(line, name, says("There is a table ", h("b", {}, job.table ?? ""), " already."), ...this.tableChoices(job), close);
      case "review":
        return fill(line, name, says("It is not certain how to read this file."), button("Look", () => this.events.look(job), { class: "d-button d-strong" }), cancel);
      case "done":
        fill(line, icon("check"), ...this.outcome(job), close);
        return this.fade(line, job);
      case "cancelled":
        return fill(line, name, says("Cancelled."), button("Again", () => this.intake().retry(job)), close);
      case "failed":
        return fill(line, name, problemBox(job.error), button("Try again", () => this.intake().retry(job)), close);
    }
  }

  /** A clean outcome has been read after a while; one with rejected rows stays. */
  private fade(line: HTMLElement, job: Job): void {
    if (job.import?.reject_count || line.dataset["fading"]) return;
    line.dataset["fading"] = "true";
    const leave = () => (line.matches(":hover, :focus-within") ? setTimeout(leave, FADE_MS) : this.intake().dismiss(job));
    setTimeout(leave, FADE_MS);
  }

  private drawProgress(line: HTMLElement, job: Job): void {
    const bar = line.querySelector("progress");
    const says = line.querySelector(".d-job-says");
    if (!bar || !says) return;
    if (job.state === "sending") {
      bar.max = Math.max(1, job.size);
      bar.value = job.sent;
      if (job.offline) return void (says.textContent = `${this.soFar(job)} · no connection, goes on by itself`);
      const left = job.meter.left(job.size);
      const rate = job.meter.rate > 0 ? ` · ${size(job.meter.rate)}/s` : "";
      says.textContent = job.sent >= job.size && job.size > 0 ? "being checked…" : `${this.soFar(job)}${rate}${left === null ? "" : left < 1000 ? " · almost there" : ` · ${duration(left)} left`}`;
      return;
    }
    const progress = job.import?.progress ?? 0;
    if (progress > 0) bar.value = (bar.max = 1) && progress;
    else bar.removeAttribute("value");
    const rows = job.import?.rows ?? 0;
    says.textContent = ["reading", rows > 0 ? counted(rows, "row") : "", progress > 0 ? `${Math.floor(progress * 100)} %` : ""].filter(Boolean).join(" · ");
  }

  private bar(job: Job): HTMLElement {
    return h("progress", { "aria-label": job.name, max: Math.max(1, job.size), value: job.sent });
  }

  private soFar(job: Job): string {
    return `${size(job.sent)} of ${size(job.size)}`;
  }

  private fileChoices(job: Job): Node[] {
    return [
      button("Replace it", () => this.intake().replaceFile(job), { title: "The name points to the new content; the old version is kept.", class: "d-button d-strong" }),
      button(`Keep both as ${this.intake().otherFileName(job)}`, () => this.intake().keepBoth(job)),
    ];
  }

  private tableChoices(job: Job): Node[] {
    return [
      button("Replace it", () => this.intake().chooseTable(job, "replace"), { title: "The table gets a new version; the old one is kept.", class: "d-button d-strong" }),
      button("Add the rows to it", () => this.intake().chooseTable(job, "append")),
      button(`New table ${this.intake().otherTableName(job)}`, () => this.intake().chooseTable(job, "create")),
    ];
  }

  private outcome(job: Job): Node[] {
    const table = job.table ?? "";
    const show = h("button", { type: "button", class: "d-link", on: { click: () => this.events.open(table) } }, table);
    if (job.known) return [h("span", { class: "d-job-says", role: "status" }, "Nothing to do: ", job.name, " is here already, as table ", show, ".")];
    const rejected = job.import?.reject_count ?? 0;
    const words = `: ${counted(job.import?.rows ?? 0, "row")}, ${count(rejected)} rejected, ${duration(job.elapsed)}`;
    const version = job.before !== null && job.import?.version ? ` · v${job.import.version}` : "";
    const says = h("span", { class: "d-job-says", role: "status" }, show, words, version);
    const look = rejected > 0 ? button(`Look at the ${counted(rejected, "rejected row")}`, () => this.events.look(job)) : null;
    const undo = job.before !== null ? button("Undo", () => this.events.undo(job), { class: "d-button d-strong", title: `Back to v${job.before}` }) : null;
    return [says, look, undo].filter((node) => node !== null);
  }
}
