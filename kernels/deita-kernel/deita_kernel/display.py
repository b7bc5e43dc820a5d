"""A result as a notebook shows it: the first rows as a table that stands by itself, and a few words of script that load
the rest.

The notebook file keeps the first rows only. The script (`results.js`) comes from the data plane and asks it with the
reader's own cookie, at the path under which the kernel knows it; where that fails (another person, another day, an
untrusted notebook) the first rows remain. It is not in the output: it was 4 kB of each.
"""

from __future__ import annotations

import json
from html import escape
from urllib.parse import urlsplit

from deita import Result
from deita.rendering import foot_text, html_table, text_table

STATIC_ROWS = 20
LOADER = (
    '(s,a,i,n)=>{const p=s&&s.closest(".deita-pages"),c=document.getElementById("jupyter-config-data"),'
    'b=c?JSON.parse(c.textContent).baseUrl:"/",u=a.startsWith(b)?a:b+"deita/api/v1",'
    "x=document.cookie.match(/(?:^|; )_xsrf=([^;]+)/);p&&"
    'fetch(u+"/notebook/results.js",{headers:x?{"X-XSRFToken":x[1]}:{}}).then(r=>r.ok?r.blob():Promise.reject())'
    ".then(r=>import(URL.createObjectURL(r))).then(m=>m.show(p,u,i,n)).catch(()=>{})}"
)
"""A page of JupyterLab or Voila says where its server is: the notebook may be another person's by now. Behind a hub the
script needs the XSRF header that an `import` by its address cannot send.
"""


def bundle(result: Result, api: str) -> dict[str, str]:
    """The result's MIME bundle: text/plain always, text/html when there are rows to look at."""
    if result.statement_type == "EXPLAIN":
        return _plan(result)
    if result.change is not None:
        return {"text/plain": result.change}
    rows = result.first_rows[:STATIC_ROWS]
    columns = [(column.name, column.type) for column in result.columns]
    below = foot_text(result.row_count, len(rows), result.elapsed_ms, truncated=result.truncated)
    html = html_table(columns, rows, below)
    if result.row_count > len(rows):
        html = f'<div class="deita-pages">{html}{_script(result, api)}</div>'
    return {"text/plain": text_table(columns, rows, below), "text/html": html}


def _plan(result: Result) -> dict[str, str]:
    """A query plan is a drawing made of characters: shown whole, in one width."""
    text = "\n".join(str(row[-1]) for row in result.first_rows)
    return {"text/plain": text, "text/html": f'<pre style="line-height:1.2;overflow:auto">{escape(text)}</pre>'}


def _script(result: Result, api: str) -> str:
    """What loads the rest: the output in the notebook holds no more than where it is."""
    path, id = json.dumps(urlsplit(api).path.rstrip("/")), json.dumps(result.id)
    facts = f"{path},{id},{result.row_count}".replace("<", "\\u003c")  # no value may end the script
    return f"<script>({LOADER})(document.currentScript,{facts})</script>"
