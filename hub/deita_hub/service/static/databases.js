// The databases outside that a workspace reads, for its owners and editors: add, test, remove. A password only goes in.
import { call } from "./api.js";
import { element, plainButton, preparePanel } from "./panel.js";

/** Lets a row's button open the panel of its databases. */
export function prepareDatabases(row) {
  const { form } = preparePanel(row, "databases", "connections", { line, given, focus: "name" });
  const authority = form.querySelector(".authority");
  form.elements.sslmode.addEventListener("change", () => void (authority.hidden = !looksAtCertificates(form)));
  form.addEventListener("reset", () => void (authority.hidden = true));
}

const looksAtCertificates = (form) => form.elements.sslmode.value.startsWith("verify");

async function given(form) {
  const { port, ca } = form.elements;
  const certificates = looksAtCertificates(form) && ca.files.length ? await ca.files[0].text() : "";
  return { ...Object.fromEntries(new FormData(form)), port: Number(port.value), ca: certificates };
}

function line({ name, host, port, database, user }, { act, of, problem }) {
  const says = element("span", { className: "dim", role: "status" });
  const test = plainButton("Test", `Test ${name}`);
  const remove = plainButton("Remove", `Remove ${name}`);
  const who = element("span", { className: "who" }, element("b", { textContent: name }), ` ${database} at ${host}:${port} as ${user} `, says);
  const item = element("li", {}, who, test, remove);
  test.addEventListener("click", () => {
    says.textContent = "…";
    act(async () => {
      const found = await call("POST", `${of(name)}/test`);
      says.textContent = `works: PostgreSQL ${found.server_version}, ${found.tls ? "encrypted" : "not encrypted"}`;
    }).then(() => problem.hidden || (says.textContent = ""));
  });
  remove.addEventListener("click", () => {
    // its password is gone with it, so that there is no undo: a second click is the question
    if (remove.dataset.sure) return act(async () => void (await call("DELETE", of(name)), item.remove()));
    remove.dataset.sure = "true";
    remove.textContent = "Really remove";
  });
  return item;
}
