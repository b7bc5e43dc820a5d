/** What can be done with a row of the panel, as JupyterLab's commands: for its menus, its palette and its shortcuts. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";

import { nameInSql, type Row } from "./outline.ts";

const CATEGORY = "Workspace";
const ROW = ".d-lab .d-leaf";

export const COMMANDS = {
  show: "deita:show-workspace",
  upload: "deita:upload-files",
  preview: "deita:preview-table",
  query: "deita:open-as-query",
  insert: "deita:insert-name",
  explore: "deita:open-in-explore",
  makeTable: "deita:make-table",
} as const;

export interface Acts {
  show: () => void;
  upload: () => void;
  preview: (table: string) => unknown;
  query: (table: string) => unknown;
  insert: (text: string) => void;
  explore: (table: string) => void;
  makeTable: (file: string) => void;
  writable: () => boolean;
  rowAt: (node: Element) => Row | null;
}

export function addCommands(app: JupyterFrontEnd, palette: ICommandPalette | null, acts: Acts): void {
  const { commands, contextMenu } = app;
  const row = (): Row | null => {
    const node = app.contextMenuHitTest((one) => one.matches(ROW));
    return node ? acts.rowAt(node) : null;
  };
  const table = (args: object): string | null => {
    if ("table" in args && typeof args.table === "string") return args.table;
    const at = row();
    return at?.kind === "table" || at?.kind === "file" ? (at.table?.name ?? null) : null;
  };
  const ofTable = (id: string, label: string, act: (table: string) => unknown) =>
    commands.addCommand(id, {
      label,
      isVisible: (args) => table(args) !== null,
      execute: (args) => {
        const name = table(args);
        return name === null ? undefined : act(name);
      },
    });
  const name = () => {
    const at = row();
    return at && nameInSql(at);
  };
  const loose = () => {
    const at = row();
    return at?.kind === "file" && !at.table && acts.writable() ? at.file.name : null;
  };

  commands.addCommand(COMMANDS.show, { label: "Show tables and files", execute: acts.show });
  commands.addCommand(COMMANDS.upload, { label: "Upload files to the workspace", isVisible: acts.writable, execute: acts.upload });
  ofTable(COMMANDS.preview, "Preview", acts.preview);
  ofTable(COMMANDS.query, "Open as query", acts.query);
  commands.addCommand(COMMANDS.insert, { label: "Insert name", isVisible: () => name() !== null, execute: () => acts.insert(name() ?? "") });
  ofTable(COMMANDS.explore, "Open in Explore", acts.explore);
  commands.addCommand(COMMANDS.makeTable, { label: "Make table", isVisible: () => loose() !== null, execute: () => acts.makeTable(loose() ?? "") });

  [COMMANDS.preview, COMMANDS.query, COMMANDS.insert, COMMANDS.explore, COMMANDS.makeTable].forEach((command, rank) => contextMenu.addItem({ command, selector: ROW, rank }));
  for (const command of [COMMANDS.show, COMMANDS.upload]) palette?.addItem({ command, category: CATEGORY });
}
