// Calls to the control plane from its own pages: the session's cookie goes along by itself, the header proves that it is us.
const BASE = "/services/deita/api/v1";

/** What proves that a request was sent by a page of ours: a cookie repeated as a header. */
export function xsrfHeaders() {
  const found = document.cookie.split("; ").find((each) => each.startsWith("deita-xsrf="));
  return found ? { "X-XSRFToken": found.slice("deita-xsrf=".length) } : {};
}

/** Calls the API; answers its JSON, null without a body. Throws an Error whose message is for people. */
export async function call(method, path, body) {
  const headers = { Accept: "application/json", ...xsrfHeaders() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error("Deita does not answer. Is it still running?");
  }
  if (answer.status === 401) {
    window.location.reload();
    return new Promise(() => {});
  }
  const data = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error([data?.message, data?.hint].filter(Boolean).join(" ") || `This did not work (${answer.status}).`);
  return data;
}

/** Runs an action with its buttons off; what goes wrong stands in `problem`. */
export async function attempt(element, problem, action) {
  const buttons = element.querySelectorAll("button");
  problem.hidden = true;
  for (const each of buttons) each.disabled = true;
  try {
    await action();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  } finally {
    for (const each of buttons) each.disabled = false;
  }
}
