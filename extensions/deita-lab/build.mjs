/**
 * Makes labextension/, which JupyterLab loads as it is. Lab asks two things of a prebuilt extension: a package.json that names
 * the files, and a script that puts a module federation container into `_JUPYTERLAB`. A container is two functions
 * (src/container.ts), so esbuild, which bundles the other front end too, is enough. Not taken: @jupyterlab/builder, which
 * brings webpack and needs all of Lab's packages to be installed to build this one.
 */

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "labextension");
const files = join(out, "static");
const manifest = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
const options = { absWorkingDir: here, bundle: true, minify: true, loader: { ".svg": "text" }, target: "es2022", legalComments: "linked", logLevel: "warning" };

/** Modules that Lab has already and there may be only one of: taken from it when the container has them at hand. */
const shared = new Set();
const fromLab = {
  name: "from-lab",
  setup(bundle) {
    bundle.onResolve({ filter: /^@(jupyterlab|lumino)\// }, ({ path }) => {
      shared.add(path);
      return { path, namespace: "lab" };
    });
    bundle.onLoad({ filter: /./, namespace: "lab" }, ({ path }) => ({
      contents: `module.exports = globalThis._JUPYTERLAB[${JSON.stringify(manifest.name)}].shared[${JSON.stringify(path)}];`,
    }));
  },
};

await rm(out, { recursive: true, force: true });
const extension = await build({
  ...options,
  entryPoints: { extension: join(here, "src", "index.ts"), style: join(here, "style", "index.css") },
  entryNames: "[name].[hash]",
  chunkNames: "[name].[hash]",
  outdir: files,
  format: "esm",
  splitting: true,
  metafile: true,
  plugins: [fromLab],
});
const made = (name) => basename(Object.keys(extension.metafile.outputs).find((path) => new RegExp(`/${name}\\.[^/]*\\.(js|css)$`).test(path)));
const names = [...shared].toSorted();
const missing = names.filter((name) => !(name in manifest.devDependencies));
if (missing.length) throw new Error(`Not among the devDependencies of package.json: ${missing.join(", ")}`);

const container = await build({
  ...options,
  entryPoints: [join(here, "src", "container.ts")],
  format: "iife",
  legalComments: "none",
  write: false,
  define: { NAME: JSON.stringify(manifest.name), SHARED: JSON.stringify(names), EXTENSION: JSON.stringify(made("extension")), STYLE: JSON.stringify(made("style")) },
});
const { text } = container.outputFiles[0];
const load = `static/remoteEntry.${createHash("sha256").update(text).digest("hex").slice(0, 16)}.js`;
await writeFile(join(out, load), text);
await writeFile(join(out, "install.json"), JSON.stringify({ packageManager: "python", packageName: "deita-lab" }, null, 2));
const { name, version, description, license, devDependencies } = manifest;
const dependencies = Object.fromEntries(names.map((one) => [one, devDependencies[one]]));
const jupyterlab = { extension: true, _build: { load, extension: "./extension", style: "./style" } };
await writeFile(join(out, "package.json"), JSON.stringify({ name, version, description, license, dependencies, jupyterlab }, null, 2));
