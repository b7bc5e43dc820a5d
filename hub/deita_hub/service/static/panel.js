// A panel below a workspace's row: opened by its button, filled from the API, with a form that adds a line to its list.
import { attempt, call } from "./api.js";

/** An element with these properties and children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A plain button that says what it does, and for assistive technology to what. */
export function plainButton(text, label) {
  return element("button", { className: "button plain", type: "button", textContent: text, ariaLabel: label });
}

/**
 * Lets the row's button `name` open its panel `.name` with what is at `/workspaces/…/path`; `line` makes the list's
 * element of each item, `given` (async) the body of what the form adds. Returns the parts that the lines need.
 */
export function preparePanel(row, name, path, { line, given, focus }) {
  const panel = row.querySelector(`.${name}`);
  const button = row.querySelector(`[data-do=${name}]`);
  const list = panel.querySelector("ul");
  const form = panel.querySelector(".invite");
  const problem = panel.querySelector(".problem");
  const address = `/workspaces/${encodeURIComponent(row.dataset.slug)}/${path}`;
  const act = (action) => attempt(panel, problem, action);
  const parts = { address, act, form, problem, of: (item) => `${address}/${encodeURIComponent(item)}` };

  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) act(async () => list.replaceChildren(...(await call("GET", address)).items.map((item) => line(item, parts))));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(async () => {
      list.append(line(await call("POST", address, await given(form)), parts));
      form.reset();
      form.elements[focus].focus();
    });
  });
  return parts;
}
