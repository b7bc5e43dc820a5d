// The databases outside that a workspace reads, for its owners and editors: add, test, remove. A password only goes in.
import { attempt, call } from "./api.js";

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Lets a row's button open the panel of its databases. */
export function prepareDatabases(row) {
  const panel = row.querySelector(".databases");
  const button = row.querySelector("[data-do=databases]");
  const list = panel.querySelector("ul");
  const form = panel.querySelector(".invite");
  const problem = panel.querySelector(".problem");
  const path = `/workspaces/${encodeURIComponent(row.dataset.slug)}/connections`;
  const act = (action) => attempt(panel, problem, action);

  const show = async () => {
    const { items } = await call("GET", path);
    list.replaceChildren(...items.map(line));
  };

  function line({ name, host, port, database, user }) {
    const of = `${path}/${encodeURIComponent(name)}`;
    const says = element("span", { className: "dim", role: "status" });
    const test = element("button", { className: "button plain", type: "button", textContent: "Test", ariaLabel: `Test ${name}` });
    const remove = element("button", { className: "button plain", type: "button", textContent: "Remove", ariaLabel: `Remove ${name}` });
    const who = element("span", { className: "who" }, element("b", { textContent: name }), ` ${database} at ${host}:${port} as ${user} `, says);
    const item = element("li", {}, who, test, remove);
    test.addEventListener("click", () => {
      says.textContent = "…";
      act(async () => {
        const found = await call("POST", `${of}/test`);
        says.textContent = `works: PostgreSQL ${found.server_version}, ${found.tls ? "encrypted" : "not encrypted"}`;
      }).then(() => problem.hidden || (says.textContent = ""));
    });
    remove.addEventListener("click", () => {
      // its password is gone with it, so that there is no undo: a second click is the question
      if (remove.dataset.sure) return act(async () => void (await call("DELETE", of), item.remove()));
      remove.dataset.sure = "true";
      remove.textContent = "Really remove";
    });
    return item;
  }

  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) act(show);
  });
  const authority = form.querySelector(".authority");
  const { sslmode, ca } = form.elements;
  const looked = () => sslmode.value.startsWith("verify");
  sslmode.addEventListener("change", () => void (authority.hidden = !looked()));
  form.addEventListener("reset", () => void (authority.hidden = true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    act(async () => {
      const certificates = looked() && ca.files.length ? await ca.files[0].text() : "";
      list.append(line(await call("POST", path, { ...given, port: Number(given.port), ca: certificates })));
      form.reset();
      form.elements.name.focus();
    });
  });
}
