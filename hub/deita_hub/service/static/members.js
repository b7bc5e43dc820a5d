// The members of a workspace, for its owners: add, change the role in place, remove with undo.
import { attempt, call } from "./api.js";

const ROLES = ["owner", "editor", "viewer"];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Lets a row's button open the panel of its members. */
export function prepareMembers(row) {
  const panel = row.querySelector(".members");
  const button = row.querySelector("[data-do=members]");
  const list = panel.querySelector("ul");
  const form = panel.querySelector(".invite");
  const problem = panel.querySelector(".problem");
  const path = `/workspaces/${encodeURIComponent(row.dataset.slug)}/members`;
  const of = (person) => `${path}/${encodeURIComponent(person)}`;
  const act = (action) => attempt(panel, problem, action);

  const show = async () => {
    const { items } = await call("GET", path);
    list.replaceChildren(...items.map(line));
  };

  function line({ person, role }) {
    const options = ROLES.map((each) => element("option", { value: each, textContent: each, selected: each === role }));
    const select = element("select", { className: "field", ariaLabel: `Role of ${person}` }, ...options);
    const remove = element("button", { className: "button plain", type: "button", textContent: "Remove", ariaLabel: `Remove ${person}` });
    const item = element("li", {}, element("span", { className: "who", textContent: person }), select, remove);
    select.addEventListener("change", async () => {
      await act(() => call("PATCH", of(person), { role: select.value }));
      if (problem.hidden) role = select.value;
      else select.value = role;
    });
    remove.addEventListener("click", () =>
      act(async () => {
        await call("DELETE", of(person));
        item.replaceWith(removed(person, role));
      }),
    );
    return item;
  }

  function removed(person, role) {
    const undo = element("button", { className: "button", type: "button", textContent: "Undo", ariaLabel: `Undo removing ${person}` });
    const item = element("li", {}, element("span", { className: "who dim", textContent: `Removed ${person}` }), undo);
    undo.addEventListener("click", () =>
      act(async () => item.replaceWith(line(await call("POST", path, { person, role })))),
    );
    return item;
  }

  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) act(show);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { person, role } = form.elements;
    act(async () => {
      list.append(line(await call("POST", path, { person: person.value.trim(), role: role.value })));
      form.reset();
      person.focus();
    });
  });
}
