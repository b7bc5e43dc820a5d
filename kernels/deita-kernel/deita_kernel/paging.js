function (facts) {
  const root = document.currentScript && document.currentScript.closest(".deita-pages");
  const body = root && root.querySelector("tbody");
  if (!body) return;
  const config = document.getElementById("jupyter-config-data");
  const base = config ? JSON.parse(config.textContent).baseUrl : "/";
  const api = facts.api.startsWith(base) ? facts.api : base + "deita/api/v1";
  const cursors = [null];
  const last = Math.ceil(facts.rows / facts.size) - 1;
  let page = 0;
  let busy = false;

  const bar = document.createElement("div");
  const label = document.createElement("span");
  const button = (text, step) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", step < 0 ? "Previous rows" : "Next rows");
    made.style.cssText = "min-width:32px;margin-right:4px";
    made.onclick = () => turn(step);
    bar.append(made);
    return made;
  };
  const back = button("‹", -1);
  const forth = button("›", 1);
  label.setAttribute("aria-live", "polite");
  bar.append(label);
  root.append(bar);
  const foot = root.querySelector(".deita-foot");
  if (foot) foot.textContent = foot.textContent.replace(/, the first [\d,]+ shown/, "");
  show();

  function show(problem) {
    const first = page * facts.size + 1;
    const until = Math.min(first + facts.size - 1, facts.rows);
    label.textContent = problem || `${first.toLocaleString("en")}–${until.toLocaleString("en")} of ${facts.rows.toLocaleString("en")}`;
    back.disabled = busy || page === 0;
    forth.disabled = busy || page >= last;
  }

  async function turn(step) {
    if (busy) return;
    busy = true;
    show("…");
    let problem;
    try {
      const wanted = page + step;
      while (cursors.length <= wanted) await read(cursors.length - 1);
      const rows = await read(wanted);
      body.replaceChildren(...rows.map(row));
      page = wanted;
    } catch (error) {
      problem = error.message;
    }
    busy = false;
    show(problem);
  }

  async function read(index) {
    const query = new URLSearchParams({ limit: facts.size });
    if (cursors[index]) query.set("cursor", cursors[index]);
    const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/);
    const answer = await fetch(`${api}/queries/${facts.id}/results?${query}`, {
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(xsrf ? { "X-XSRFToken": xsrf[1] } : {}) },
    }).catch(() => ({ ok: false, status: 0 }));
    if (!answer.ok) throw new Error(answer.status === 0 ? "No answer from the workspace." : "These rows are not kept any more. Run the cell again.");
    const found = await answer.json();
    if (index + 1 === cursors.length && found.next) cursors.push(found.next);
    else if (index + 1 === cursors.length && index < last) throw new Error("These rows are not kept any more. Run the cell again.");
    return found.rows;
  }

  function row(values) {
    const made = document.createElement("tr");
    made.append(...values.map((value, index) => {
      const cell = document.createElement("td");
      const text = value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value);
      cell.textContent = text.length > 200 ? text.slice(0, 200) + "…" : text;
      if (text.length > 200) cell.title = text.slice(0, 2000);
      cell.style.cssText = `padding:2px 10px;white-space:pre;vertical-align:top;text-align:${facts.right[index] ? "right" : "left"}`;
      if (value === null) cell.style.opacity = ".5";
      return cell;
    }));
    return made;
  }
}
