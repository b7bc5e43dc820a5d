/** Which editor a name goes into: the one in front, otherwise the one that was used last of those that can be seen. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import type { IConsoleTracker } from "@jupyterlab/console";
import type { IEditorTracker } from "@jupyterlab/fileeditor";
import type { INotebookTracker } from "@jupyterlab/notebook";
import type { Widget } from "@lumino/widgets";

/** JupyterLab's lists of what is open; null where it was started without. */
export interface Trackers {
  notebooks: INotebookTracker | null;
  consoles: IConsoleTracker | null;
  texts: IEditorTracker | null;
}

type Place = [Widget | null | undefined, CodeEditor.IEditor | null | undefined];

export function activeEditor(shell: JupyterFrontEnd.IShell, { notebooks, consoles, texts }: Trackers): CodeEditor.IEditor | null {
  const places: Place[] = [
    [notebooks?.currentWidget, notebooks?.activeCell?.editor],
    [consoles?.currentWidget, consoles?.currentWidget?.console.promptCell?.editor],
    [texts?.currentWidget, texts?.currentWidget?.content.editor],
  ];
  const front = places.find(([widget, editor]) => editor && widget === shell.currentWidget);
  return (front ?? places.find(([widget, editor]) => editor && widget?.isVisible))?.[1] ?? null;
}

/** Puts a text where the cursor is and leaves the cursor behind it, ready to type on. */
export function insertAtCursor(editor: CodeEditor.IEditor, text: string): void {
  editor.replaceSelection?.(text);
  editor.focus();
}
