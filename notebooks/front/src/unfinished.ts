/**
 * Uploads that a closed tab left behind, remembered by this browser: where the bytes go on, and which file they were of.
 * The file itself cannot be kept; whoever chooses the same one again goes on where it stopped.
 */

export interface Unfinished {
  id: string;
  /** The name on the server; `file` is what the file is called here. */
  name: string;
  file: string;
  size: number;
  modified: number;
  replace: boolean;
}

type Chosen = Pick<File, "name" | "size" | "lastModified">;

const MOST = 50;

/** Keeps `Unfinished` of one workspace, whose uploads are at `address`. */
export class UnfinishedUploads {
  private readonly key: string;
  private readonly storage: Pick<Storage, "getItem" | "setItem"> | null;

  constructor(address: string, storage: Pick<Storage, "getItem" | "setItem"> | null = available()) {
    this.key = `deita-uploads ${address}`;
    this.storage = storage;
  }

  all(): Unfinished[] {
    try {
      const found: unknown = JSON.parse(this.storage?.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found.filter(isUnfinished) : [];
    } catch {
      return []; // damaged, or not to be read: nothing is offered, nothing is lost
    }
  }

  remember(one: Unfinished): void {
    this.write([...this.all().filter(({ id }) => id !== one.id), one].slice(-MOST));
  }

  forget(id: string): void {
    const all = this.all();
    if (all.some((one) => one.id === id)) this.write(all.filter((one) => one.id !== id));
  }

  private write(all: Unfinished[]): void {
    try {
      this.storage?.setItem(this.key, JSON.stringify(all));
    } catch {
      // full or forbidden: this upload cannot be continued after the tab is closed
    }
  }
}

export function isSameFile(one: Unfinished, chosen: Chosen): boolean {
  return one.file === chosen.name && one.size === chosen.size && one.modified === chosen.lastModified;
}

function isUnfinished(value: unknown): value is Unfinished {
  const one = value as Partial<Unfinished> | null;
  return typeof one?.id === "string" && typeof one.name === "string" && typeof one.file === "string" && typeof one.size === "number" && typeof one.modified === "number" && typeof one.replace === "boolean";
}

function available(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // a browser that keeps nothing
  }
}
