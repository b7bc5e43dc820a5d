/** The plugin: the panel in the side bar, previews in the main area, and the ways between them and JupyterLab. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, Notification, WidgetTracker } from "@jupyterlab/apputils";
import { IConsoleTracker } from "@jupyterlab/console";
import { IEditorTracker } from "@jupyterlab/fileeditor";
import { INotebookTracker, NotebookActions } from "@jupyterlab/notebook";
import { LabIcon } from "@jupyterlab/ui-components";

import { Api } from "@deita/front/api.ts";
import { sentence } from "@deita/front/problems.ts";
import { START, encodeView, type View } from "@deita/front/state.ts";
import { COMMANDS, addCommands } from "./commands.ts";
import { followControls } from "./controls.ts";
import { activeEditor, insertAtCursor, type Trackers } from "./editors.ts";
import { WorkspacePanel } from "./panel.ts";
import { TablePreview } from "./preview.ts";
import { openAsQuery } from "./querying.ts";
import mark from "../style/workspace.svg";

const icon = new LabIcon({ name: "deita:workspace", svgstr: mark });
/** Behind the file browser and the running kernels, before the table of contents. */
const RANK = 250;

/** Shows a line for a while; without a time JupyterLab would only count it. */
function say(text: string): void {
  Notification.info(text, { autoClose: 6000 });
}

class Workspace {
  readonly panel: WorkspacePanel;
  readonly previews = new WidgetTracker<TablePreview>({ namespace: "deita-preview" });
  private readonly app: JupyterFrontEnd;
  private readonly base: string;
  private readonly api: Api;
  private readonly trackers: Trackers;

  constructor(app: JupyterFrontEnd, trackers: Trackers) {
    this.app = app;
    this.trackers = trackers;
    this.base = app.serviceManager.serverSettings.baseUrl;
    this.api = new Api(`${this.base}deita/api/v1`);
    this.panel = new WorkspacePanel(this.api, { preview: (table) => void this.preview(table), query: (table) => void this.query(table), insert: (text) => this.insert(text), explore: (view) => this.explore(view), changed: () => this.changed() });
    this.panel.id = "deita-workspace";
    this.panel.title.icon = icon;
    this.panel.title.caption = "Workspace";
  }

  async preview(name: string): Promise<void> {
    if (!this.panel.lists.loaded) await this.panel.lists.refresh();
    const table = this.panel.lists.table(name);
    if (!table) return;
    let open = this.previews.find((one) => one.table === name);
    if (!open) {
      open = new TablePreview(this.api, table, { query: (of) => void this.query(of), explore: (view) => this.explore(view), say });
      open.title.icon = icon;
      this.app.shell.add(open, "main");
      await this.previews.add(open);
    }
    this.app.shell.activateById(open.id);
  }

  async query(table: string): Promise<void> {
    try {
      await openAsQuery(this.app, table);
    } catch (error) {
      say(`The query was not opened: ${sentence(error)}`);
    }
  }

  insert(text: string): void {
    const editor = activeEditor(this.app.shell, this.trackers);
    if (editor) insertAtCursor(editor, text);
    else say("Open a notebook, a console or a file first: the name goes where its cursor is.");
  }

  explore(view: Partial<View>): void {
    window.open(`${this.base}apps/explore#${encodeView({ ...START, ...view })}`, "_blank", "noopener");
  }

  private changed(): void {
    this.previews.forEach((preview) => {
      const table = this.panel.lists.table(preview.table);
      if (table) preview.follow(table);
    });
  }
}

function activate(app: JupyterFrontEnd, palette: ICommandPalette | null, restorer: ILayoutRestorer | null, notebooks: INotebookTracker | null, consoles: IConsoleTracker | null, texts: IEditorTracker | null): void {
  const workspace = new Workspace(app, { notebooks, consoles, texts });
  const { panel, previews } = workspace;
  addCommands(app, palette, {
    show: () => app.shell.activateById(panel.id),
    upload: () => panel.chooseFiles(),
    preview: (table) => workspace.preview(table),
    query: (table) => workspace.query(table),
    insert: (text) => workspace.insert(text),
    explore: (table) => workspace.explore({ table }),
    makeTable: (file) => panel.makeTable(file),
    writable: () => panel.writable,
    rowAt: (node) => panel.rowAt(node),
  });
  app.shell.add(panel, "left", { rank: RANK });
  restorer?.add(panel, panel.id);
  void restorer?.restore(previews, { command: COMMANDS.preview, args: ({ table }) => ({ table }), name: ({ table }) => table });
  if (notebooks) followControls(notebooks);
  NotebookActions.executed.connect(() => panel.lookAgain());
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: "@deita/lab:workspace",
  description: "Tables and files of the workspace in the side bar.",
  autoStart: true,
  optional: [ICommandPalette, ILayoutRestorer, INotebookTracker, IConsoleTracker, IEditorTracker],
  activate,
};

export default plugin;
