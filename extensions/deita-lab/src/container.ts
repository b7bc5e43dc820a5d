/**
 * What JupyterLab loads first: the container of module federation (https://webpack.js.org/concepts/module-federation), written
 * out. `init` is told which modules Lab has, `get` hands over a module of ours. Modules that both use are fetched before ours
 * is, so that its imports are there when it runs.
 */

interface Offer {
  get: () => Promise<() => unknown>;
  loaded?: boolean | number;
}

/** For each module, its versions. */
type Scope = Record<string, Record<string, Offer>>;

export interface Container {
  shared: Record<string, unknown>;
  init: (scope: Scope) => void;
  get: (module: string) => Promise<() => unknown>;
}

declare global {
  var _JUPYTERLAB: Record<string, Container> | undefined;
}

declare const NAME: string;
declare const SHARED: string[];
declare const EXTENSION: string;
declare const STYLE: string;

const address = (document.currentScript as HTMLScriptElement).src;
const here = (file: string) => new URL(file, address).href;
let offered: Scope = {};

async function take(name: string): Promise<void> {
  const versions = Object.values(offered[name] ?? {});
  const offer = versions.find(({ loaded }) => loaded) ?? versions.at(-1);
  if (!offer) throw new Error(`This JupyterLab has no ${name}.`);
  container.shared[name] = (await offer.get())();
}

async function extension(): Promise<unknown> {
  await Promise.all(SHARED.map(take));
  const { default: plugin } = (await import(here(EXTENSION))) as { default: unknown };
  return { __esModule: true, default: plugin };
}

function style(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.addEventListener("load", () => resolve({}));
    link.addEventListener("error", () => reject(new Error("The style of the side panel could not be loaded.")));
    link.href = here(STYLE);
    document.head.append(link);
  });
}

const MODULES: Record<string, () => Promise<unknown>> = { "./extension": extension, "./style": style };

const container: Container = {
  shared: {},
  init: (scope) => {
    offered = scope;
  },
  get: async (module) => {
    const make = MODULES[module];
    if (!make) throw new Error(`${NAME} has no module ${module}.`);
    const made = await make();
    return () => made;
  },
};

(globalThis._JUPYTERLAB ??= {})[NAME] = container;
