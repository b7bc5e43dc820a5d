/** Light or dark: the system's choice on a page of our own, JupyterLab's where the app is a notebook's output. */

export function followTheme(root: HTMLElement, changed: () => void, signal: AbortSignal): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const lab = document.body.dataset["jpThemeLight"];
    const hosted = !document.body.dataset["deitaPage"] && lab !== undefined;
    const dark = hosted ? lab === "false" : system.matches;
    if (root.dataset["theme"] === (dark ? "dark" : "light")) return;
    root.dataset["theme"] = dark ? "dark" : "light";
    changed();
  };
  apply();
  system.addEventListener("change", apply, { signal });
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}
