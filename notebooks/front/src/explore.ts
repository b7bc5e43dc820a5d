/**
 * The entry. On a page of our own the app begins at once in the place that the page has for it, and the widget only binds to it
 * when Voila is ready; elsewhere (JupyterLab) the widget brings the app along.
 */

import { Api } from "./api.ts";
import { Explore } from "./app.ts";
import { bind, type Model } from "./binding.ts";
import { Store, decodeView, linkToAddress } from "./state.ts";
import { followTheme } from "./theme.ts";

const STYLE = new URL("./explore.css", import.meta.url).href;

function style(): void {
  if ([...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")].some((link) => link.href === STYLE)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = STYLE;
  document.head.append(link);
}

function mount(root: HTMLElement, api: string, store: Store): { app: Explore; close: () => void } {
  const life = new AbortController();
  root.classList.add("deita");
  root.dataset["lmSuppressShortcuts"] = "true";
  const app = new Explore(root, new Api(api), store);
  followTheme(root, () => app.redraw(), life.signal);
  app.start();
  const close = () => {
    life.abort();
    app.close();
  };
  return { app, close };
}

/** Tells the page that there is something to see, so that it may load the rest. */
function ready(): void {
  performance.mark("deita-ready");
  document.documentElement.dataset["deitaReady"] = "true";
  requestAnimationFrame(() => setTimeout(() => document.dispatchEvent(new Event("deita-ready"))));
}

/** The app of a page that is Explore and nothing else. */
function page(): Explore | null {
  const root = document.getElementById("deita-app");
  const api = root?.dataset["api"];
  if (!root || !api) return null;
  document.body.dataset["deitaPage"] = "explore";
  performance.mark("deita-begun");
  const store = new Store(decodeView(location.hash));
  linkToAddress(store, new AbortController().signal);
  const { app } = mount(root, api, store);
  void app.replay();
  void app.settled.then(ready);
  return app;
}

const first = page();
let taken = false;

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  if (first && !taken) {
    taken = true;
    performance.mark("deita-bound");
    first.root.dataset["bound"] = "true";
    const untie = bind(first, model, false);
    return () => {
      untie();
      taken = false;
    };
  }
  style();
  const root = document.createElement("div");
  root.classList.add("d-embedded");
  el.append(root);
  const { app, close } = mount(root, String(model.get("api")), new Store());
  const untie = bind(app, model, true);
  return () => {
    untie();
    close();
  };
}

export default { render };
