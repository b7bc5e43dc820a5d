/** Files dropped anywhere on the app, or chosen by the system's dialog. */

import { h, icon } from "./dom.ts";

export const ACCEPT = ".csv,.tsv,.txt,.parquet,.gz,.zst,.json,.ndjson,.jsonl";

export class DropZone {
  readonly element = h("div", { class: "d-dropping", "aria-hidden": "true" }, h("div", {}, icon("upload"), h("p", {}, "Drop to make tables")));
  private readonly input: HTMLInputElement;
  private depth = 0;

  constructor(root: HTMLElement, take: (files: File[]) => void, writable: () => boolean) {
    this.input = h("input", { type: "file", multiple: true, accept: ACCEPT, hidden: true, "aria-label": "Choose files", tabindex: "-1" });
    this.input.addEventListener("change", () => {
      take([...(this.input.files ?? [])]);
      this.input.value = "";
    });
    root.append(this.input);
    const files = (event: DragEvent) => writable() && (event.dataTransfer?.types.includes("Files") ?? false);
    const show = (change: number) => {
      this.depth = Math.max(0, this.depth + change);
      this.element.classList.toggle("d-on", this.depth > 0);
    };
    const on = (type: "dragenter" | "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) =>
      root.addEventListener(type, (event) => {
        if (!files(event)) return;
        event.preventDefault();
        event.stopPropagation();
        act(event);
      });
    on("dragenter", () => show(1));
    on("dragleave", () => show(-1));
    on("dragover", (event) => {
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    });
    on("drop", (event) => {
      this.depth = 0;
      show(0);
      take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  attach(root: HTMLElement): void {
    root.append(this.input, this.element);
  }

  choose(): void {
    this.input.click();
  }
}
