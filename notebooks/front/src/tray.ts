/** The lines of files on their way in: bar, rate, time left, Pause, Cancel; choices where a name is taken; what came out of it. */

import type { Api } from "./api.ts";
import { button, fill, h, icon, type Child } from "./dom.ts";
import { count, counted, duration, size } from "./format.ts";
import type { Intake, Job } from "./intake.ts";
import { problemBox } from "./notices.ts";
import { sentence } from "./problems.ts";
import type { Reject } from "./shapes.ts";
import { ONE_REQUEST } from "./upload.ts";

const REJECTS_SHOWN = 200;
const FADE_MS = 15_000;

export class Tray {
  readonly element = h("section", { class: "d-tray", "aria-label": "Files on their way in", hidden: true });
  private readonly lines = new Map<number, HTMLElement>();
  private readonly api: Api;
  private readonly intake: () => Intake;
  private readonly open: (table: string) => void;
  private readonly choose: () => void;

  constructor(api: Api, intake: () => Intake, open: (table: string) => void, choose: () => void) {
    this.api = api;
    this.intake = intake;
    this.open = open;
    this.choose = choose;
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
        return fill(line, name, says(`waiting · ${size(job.size)}`), cancel);
      case "sending":
      case "reading":
        fill(line, name, h("progress", { "aria-label": job.name }), says(), job.state === "sending" && job.size > ONE_REQUEST ? button("Pause", () => this.intake().pause(job)) : null, cancel);
        return this.drawProgress(line, job);
      case "paused":
        return fill(line, name, this.bar(job), says(`paused · ${this.soFar(job)}`), button("Go on", () => this.intake().retry(job), { class: "d-button d-strong" }), cancel);
      case "unfinished":
        return fill(line, name, this.bar(job), says(`${this.soFar(job)} are here. Choose the same file again to continue.`), button("Choose file", this.choose, { class: "d-button d-strong" }), cancel);
      case "file_exists":
        return fill(line, name, says(`A file with this name is here already, with other content.`), ...this.fileChoices(job), cancel);
      case "table_exists":
        return fill(line, name, says("There is a table ", h("b", {}, job.table ?? ""), " already."), ...this.tableChoices(job), close);
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
    const show = h("button", { type: "button", class: "d-link", on: { click: () => this.open(table) } }, table);
    if (job.known) return [h("span", { class: "d-job-says", role: "status" }, "Nothing to do: ", job.name, " is here already, as table ", show, ".")];
    const rejected = job.import?.reject_count ?? 0;
    const words = `: ${counted(job.import?.rows ?? 0, "row")}, ${count(rejected)} rejected, ${duration(job.elapsed)}`;
    const says = h("span", { class: "d-job-says", role: "status" }, show, words);
    return rejected > 0 && job.import ? [says, this.rejects(job.import.id, rejected)] : [says];
  }

  private rejects(id: string, total: number): HTMLElement {
    const list = h("div", { class: "d-rejects" }, "…");
    const details = h("details", { class: "d-rejects-box" }, h("summary", {}, `Show the ${counted(total, "rejected row")}`), list);
    details.addEventListener("toggle", () => {
      if (!details.open || list.dataset["loaded"]) return;
      list.dataset["loaded"] = "1";
      this.api.rejects(id).then(
        (items) => fill(list, rejectTable(items.slice(0, REJECTS_SHOWN)), items.length < total || items.length > REJECTS_SHOWN ? h("p", { class: "d-muted" }, `The first ${count(Math.min(items.length, REJECTS_SHOWN))} of ${count(total)}.`) : null),
        (error: unknown) => fill(list, sentence(error)),
      );
    });
    return details;
  }
}

function rejectTable(items: Reject[]): HTMLElement {
  const row = (item: Reject) => h("tr", {}, h("td", { "data-kind": "number" }, item.line === null ? "" : count(item.line)), h("td", {}, item.column ?? ""), h("td", {}, item.reason), h("td", {}, h("code", { title: item.raw ?? "" }, item.raw ?? "")));
  return h("table", {}, h("thead", {}, h("tr", {}, ...["Line", "Column", "Why", "As it stands in the file"].map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, ...items.map(row)));
}
