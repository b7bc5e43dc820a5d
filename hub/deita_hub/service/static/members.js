// The members of a workspace, for its owners: add, change the role in place, remove with undo.
import { call } from "./api.js";
import { element, plainButton, preparePanel } from "./panel.js";

const ROLES = ["owner", "editor", "viewer"];

/** Lets a row's button open the panel of its members. */
export function prepareMembers(row) {
  const given = ({ elements }) => ({ person: elements.person.value.trim(), role: elements.role.value });
  preparePanel(row, "members", "members", { line, given, focus: "person" });
}

function line({ person, role }, parts) {
  const { act, of, problem } = parts;
  const options = ROLES.map((each) => element("option", { value: each, textContent: each, selected: each === role }));
  const select = element("select", { className: "field", ariaLabel: `Role of ${person}` }, ...options);
  const remove = plainButton("Remove", `Remove ${person}`);
  const item = element("li", {}, element("span", { className: "who", textContent: person }), select, remove);
  select.addEventListener("change", async () => {
    await act(() => call("PATCH", of(person), { role: select.value }));
    if (problem.hidden) role = select.value;
    else select.value = role;
  });
  remove.addEventListener("click", () =>
    act(async () => {
      await call("DELETE", of(person));
      item.replaceWith(removed({ person, role }, parts));
    }),
  );
  return item;
}

function removed(member, parts) {
  const { act, address } = parts;
  const undo = element("button", { className: "button", type: "button", textContent: "Undo", ariaLabel: `Undo removing ${member.person}` });
  const item = element("li", {}, element("span", { className: "who dim", textContent: `Removed ${member.person}` }), undo);
  undo.addEventListener("click", () => act(async () => item.replaceWith(line(await call("POST", address, member), parts))));
  return item;
}
