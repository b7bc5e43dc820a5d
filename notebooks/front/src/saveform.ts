/** The few fields that a saved query has beside its statement: its name, what it is for, what its values are and whether the
 * present ones stay. */

import { button, fill, h } from "./dom.ts";
import { problemBox } from "./notices.ts";
import { ParameterFields, type Declared } from "./parameterfields.ts";

export interface SaveFields {
  name: string;
  description: string;
  /** What the values are, with the present ones as defaults where the person wants that. */
  params: Declared[];
  /** Whether that is other than it was. */
  declares: boolean;
}

export class SaveForm {
  readonly element = h("div", { class: "d-save" });

  get isOpen(): boolean {
    return this.element.childElementCount > 0;
  }

  /** Asks; `save` throws what is wrong, which then stands in the form. */
  open(title: string, start: { name: string; description: string }, declaration: (keep: boolean) => Declared[], save: (fields: SaveFields) => Promise<void>): void {
    const name = h("input", { class: "d-input", name: "name", value: start.name, maxlength: "200", required: true, placeholder: "Name", "aria-label": "Name", autocomplete: "off" });
    const description = h("input", { class: "d-input d-grow", name: "description", value: start.description, maxlength: "10000", placeholder: "What is it for? (optional)", "aria-label": "Description", autocomplete: "off" });
    const keep = h("input", { type: "checkbox", name: "keep" });
    const before = declaration(false);
    const fields = new ParameterFields(before);
    const problem = h("div", { class: "d-save-problem" });
    const go = h("button", { type: "submit", class: "d-button d-primary" }, "Save");
    const submit = async (event: SubmitEvent) => {
      event.preventDefault();
      go.disabled = true;
      try {
        const params = fields.applied(declaration(keep.checked));
        const declares = JSON.stringify(params) !== JSON.stringify(before);
        await save({ name: name.value.trim(), description: description.value.trim(), params, declares });
        this.close();
      } catch (error) {
        fill(problem, problemBox(error));
        go.disabled = false;
      }
    };
    const keys = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    };
    const values = before.length ? h("label", { class: "d-check" }, keep, h("span", {}, "Keep the present values as defaults")) : null;
    const buttons = h("span", { class: "d-save-buttons" }, go, button("Cancel", () => this.close()));
    fill(this.element, h("form", { "aria-label": title, on: { submit, keydown: keys } }, h("b", {}, title), name, description, fields.element, values, buttons), problem);
    name.focus();
    name.select();
  }

  close(): void {
    fill(this.element);
  }
}
