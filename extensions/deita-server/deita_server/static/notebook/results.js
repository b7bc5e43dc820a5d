// Turns the first rows of a result in a notebook into all of them: pages, and another order by a click on a header.
// The server sorts what it keeps of the result; nothing runs again. Values are set as text and never as HTML.

const GONE = "These rows are not kept any more. Run the cell again.";
const OFFLINE = "No answer from the workspace.";
const LONGEST = 200;
const TITLE = 2000;

/** `root` holds the table with the first rows of query `id`, `api` is the data plane, `total` the number of all rows. */
export function show(root, api, id, total) {
  const body = root.querySelector("tbody");
  if (body && !root.querySelector(".deita-bar")) new Pages(root, body, `${api}/queries/${id}/results`, total);
}

class Pages {
  constructor(root, body, address, total) {
    Object.assign(this, { root, body, address, total, size: body.rows.length, page: 0, order: "", cursors: [null] });
    this.heads = [...root.querySelectorAll("thead th")];
    this.columns = this.heads.map((head) => head.textContent);
    this.right = this.heads.map((head) => head.style.textAlign === "right");
    this.label = document.createElement("span");
    this.label.setAttribute("aria-live", "polite");
    const bar = document.createElement("div");
    bar.className = "deita-bar";
    this.back = this.button("‹", "Previous rows", -1);
    this.forth = this.button("›", "Next rows", 1);
    bar.append(this.back, this.forth, this.label);
    root.append(bar);
    const foot = root.querySelector(".deita-foot");
    if (foot) foot.textContent = foot.textContent.replace(/, the first [\d,]+ shown/, "");
    this.heads.forEach((head, index) => this.sortable(head, this.columns[index]));
    this.tell();
  }

  get last() {
    return Math.ceil(this.total / this.size) - 1;
  }

  button(text, name, step) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", name);
    made.style.cssText = "min-width:32px;margin-right:4px";
    made.onclick = () => this.go(this.page + step, this.order);
    return made;
  }

  /** Ascending, descending, as it was. Names that the order cannot say, or that two columns have, are left out. */
  sortable(head, name) {
    const namesakes = this.columns.filter((other) => other.toLowerCase() === name.toLowerCase());
    if (!name.trim() || name !== name.trim() || name.startsWith("-") || name.includes(",") || namesakes.length > 1) return;
    head.tabIndex = 0;
    head.style.cursor = "pointer";
    head.onclick = () => this.go(0, { "": name, [name]: `-${name}` }[this.order] ?? (this.order === `-${name}` ? "" : name));
    head.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      head.onclick();
    };
  }

  tell(problem) {
    const first = this.page * this.size + 1;
    const until = Math.min(first + this.size - 1, this.total);
    const number = (value) => value.toLocaleString("en");
    this.label.textContent = problem || `${number(first)}–${number(until)} of ${number(this.total)}`;
    this.back.disabled = this.busy || this.page === 0;
    this.forth.disabled = this.busy || this.page >= this.last;
    this.heads.forEach((head, index) => {
      const name = this.columns[index];
      const sorted = this.order === name ? "ascending" : this.order === `-${name}` ? "descending" : null;
      head.textContent = name + (sorted ? (sorted === "ascending" ? " ↑" : " ↓") : "");
      if (sorted) head.setAttribute("aria-sort", sorted);
      else head.removeAttribute("aria-sort");
    });
  }

  async go(page, order) {
    if (this.busy) return;
    this.busy = true;
    this.tell("…");
    let problem;
    try {
      const cursors = order === this.order ? this.cursors : [null];
      while (cursors.length <= page) await this.read(cursors.length - 1, order, cursors);
      const rows = await this.read(page, order, cursors);
      this.body.replaceChildren(...rows.map((values) => this.row(values)));
      Object.assign(this, { page, order, cursors });
    } catch (error) {
      problem = error.message;
    }
    this.busy = false;
    this.tell(problem);
  }

  async read(index, order, cursors) {
    const query = new URLSearchParams({ limit: this.size });
    if (order) query.set("order", order);
    if (cursors[index]) query.set("cursor", cursors[index]);
    const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/);
    const headers = { Accept: "application/json", ...(xsrf ? { "X-XSRFToken": xsrf[1] } : {}) };
    const answer = await fetch(`${this.address}?${query}`, { credentials: "same-origin", headers }).catch(() => null);
    if (!answer) throw new Error(OFFLINE);
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({}));
      throw new Error([404, 410].includes(answer.status) || !told.message ? GONE : told.message);
    }
    const found = await answer.json();
    if (index + 1 === cursors.length) {
      if (found.next) cursors.push(found.next);
      else if (index < this.last) throw new Error(GONE);
    }
    return found.rows;
  }

  row(values) {
    const made = document.createElement("tr");
    made.append(
      ...values.map((value, index) => {
        const cell = document.createElement("td");
        const text = value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value);
        cell.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
        if (text.length > LONGEST) cell.title = text.slice(0, TITLE);
        if (!this.right[index]) cell.style.cssText = "text-align:left;white-space:pre";
        if (value === null) cell.style.opacity = ".5";
        return cell;
      }),
    );
    return made;
  }
}
