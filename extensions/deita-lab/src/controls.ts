/** A moved `%slider` or `%choose` of a Deita SQL notebook runs the cells below it again that use its value. */

import { NotebookActions, type INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";

import { cellsBelow } from "./using.ts";

/** What the kernel opens when a person has moved a control: it says the value's name and nothing else. */
const TARGET = "deita.moved";
const SOON_MS = 150;

export function followControls(notebooks: INotebookTracker): void {
  notebooks.forEach(follow);
  notebooks.widgetAdded.connect((_, panel) => follow(panel));
}

function follow(panel: NotebookPanel): void {
  const { sessionContext } = panel;
  const names = new Set<string>();
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    const moved = [...names];
    names.clear();
    void runBelow(panel, moved);
  };
  const listen = () =>
    sessionContext.session?.kernel?.registerCommTarget(TARGET, (_, { content }) => {
      names.add(String(content.data["name"] ?? ""));
      clearTimeout(waiting);
      waiting = setTimeout(run, SOON_MS); // a slider on its way says so many times
    });
  sessionContext.kernelChanged.connect(listen);
  void sessionContext.ready.then(listen);
  panel.disposed.connect(() => clearTimeout(waiting));
}

async function runBelow(panel: NotebookPanel, names: string[]): Promise<void> {
  const { widgets } = panel.content;
  const sources = widgets.map(({ model }) => (model.type === "code" ? model.sharedModel.getSource() : ""));
  const places = new Set(names.flatMap((name) => cellsBelow(sources, name)));
  const cells = widgets.filter((_, place) => places.has(place));
  if (cells.length) await NotebookActions.runCells(panel.content, cells, panel.sessionContext);
}
