// The list of workspaces: create, rename in place, delete with undo. The list itself is rendered by the server.
import { attempt, call } from "./api.js";
import { prepareDatabases } from "./databases.js";
import { prepareMembers } from "./members.js";

const path = (slug) => `/workspaces/${encodeURIComponent(slug)}`;

function prepareCreate() {
  const form = document.getElementById("create");
  const button = document.getElementById("new");
  const show = (shown) => {
    form.hidden = !shown;
    button?.setAttribute("aria-expanded", String(shown));
    if (shown) form.elements.name.focus();
    else button?.focus();
  };
  button?.addEventListener("click", () => show(form.hidden));
  form.addEventListener("reset", () => show(false));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button) form.reset();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form, form.querySelector(".problem"), async () => {
      const made = await call("POST", "/workspaces", { name: form.elements.name.value });
      window.location.assign(`/services/deita/open/${encodeURIComponent(made.slug)}`);
    });
  });
}

function prepareRow(row) {
  const { slug } = row.dataset;
  const face = row.querySelector(".face");
  const actions = row.querySelector(".actions");
  const rename = row.querySelector(".rename");
  const gone = row.querySelector(".gone");
  const show = (part) => {
    for (const each of [face, actions, rename, gone, ...row.querySelectorAll(".members, .databases")]) each.hidden = true;
    for (const each of row.querySelectorAll("[aria-expanded]")) each.setAttribute("aria-expanded", "false");
    for (const each of part === face ? [face, actions] : [part]) each.hidden = false;
  };

  row.querySelector("[data-do=rename]").addEventListener("click", () => {
    show(rename);
    rename.elements.name.select();
  });
  rename.addEventListener("reset", () => show(face));
  rename.addEventListener("keydown", (event) => {
    if (event.key === "Escape") rename.reset();
  });
  rename.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(rename, rename.querySelector(".problem"), async () => {
      const changed = await call("PATCH", path(slug), { name: rename.elements.name.value });
      row.dataset.name = changed.name;
      face.querySelector(".name").textContent = changed.name;
      rename.elements.name.defaultValue = changed.name;
      show(face);
      face.focus();
    });
  });
  row.querySelector("[data-do=delete]").addEventListener("click", () => {
    attempt(row, row.querySelector(".failure"), async () => {
      await call("DELETE", path(slug));
      gone.querySelector("b").textContent = row.dataset.name;
      show(gone);
    }).then(() => gone.hidden || gone.querySelector("button").focus());
  });
  gone.querySelector("[data-do=undo]").addEventListener("click", () => {
    attempt(gone, gone.querySelector(".problem"), async () => {
      await call("POST", `${path(slug)}/restore`);
      show(face);
      face.focus();
    });
  });
}

prepareCreate();
for (const row of document.querySelectorAll(".workspace")) {
  if (row.querySelector(".databases")) prepareDatabases(row);
  if (!row.querySelector(".members")) continue;
  prepareRow(row);
  prepareMembers(row);
}

const account = document.querySelector(".account");
document.addEventListener("click", (event) => {
  if (account && !account.contains(event.target)) account.open = false;
});
