// Opens a workspace: asks for its server, shows how far it is, goes on when it is ready.
import { call } from "./api.js";

const POLL_MS = 250;
const PATIENCE_MS = 90_000;
const page = document.getElementById("opening");
const path = `/workspaces/${encodeURIComponent(page.dataset.slug)}`;
const bar = page.querySelector(".progress");

function progress(value) {
  bar.firstElementChild.style.transform = `scaleX(${value})`;
  bar.setAttribute("aria-valuenow", String(Math.round(value * 100)));
}

function fail(reason) {
  document.getElementById("waiting").hidden = true;
  document.getElementById("failed").hidden = false;
  document.getElementById("reason").textContent = reason;
  document.getElementById("again").focus();
}

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

async function open() {
  const started = performance.now();
  let workspace = await call("GET", path);
  if (workspace.server.state !== "ready") workspace = await call("POST", `${path}/start`);
  for (;;) {
    const { state, message } = workspace.server;
    progress(workspace.server.progress);
    if (state === "ready") return window.location.replace(page.dataset.target);
    if (state === "failed") return fail(message ? `It could not be opened: ${message}.` : "It could not be opened.");
    if (state === "stopped") return fail("It was closed while it opened.");
    const waited = performance.now() - started;
    if (waited > PATIENCE_MS) return fail("It takes too long to open.");
    if (waited > 8_000) document.getElementById("said").textContent = "Still opening. A busy machine takes longer.";
    await pause();
    workspace = await call("GET", path);
  }
}

document.getElementById("again").addEventListener("click", () => window.location.reload());
progress(0.05);
open().catch((error) => fail(error.message));
