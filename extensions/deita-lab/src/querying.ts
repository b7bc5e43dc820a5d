/** Open as query: a new notebook in the language of tables, whose first cell shows one. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { NotebookActions, type NotebookPanel } from "@jupyterlab/notebook";

import { plain } from "@deita/front/format.ts";

const KERNEL = "deita-sql";

export function firstRows(table: string): string {
  return `SELECT *\nFROM ${plain(table)}\nLIMIT 100`;
}

/** Opens the notebook, in the root folder because others may not hold notebooks, and runs its cell. */
export async function openAsQuery(app: JupyterFrontEnd, table: string): Promise<void> {
  const { path } = await app.serviceManager.contents.newUntitled({ path: "", type: "notebook" });
  const opened: unknown = await app.commands.execute("docmanager:open", { path, factory: "Notebook", kernel: { name: KERNEL } });
  const panel = opened as NotebookPanel;
  await panel.context.ready;
  await panel.revealed;
  await panel.sessionContext.ready;
  panel.content.activeCell?.model.sharedModel.setSource(firstRows(table));
  await NotebookActions.run(panel.content, panel.sessionContext);
}
