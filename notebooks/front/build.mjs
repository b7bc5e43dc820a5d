/**
 * Bundles the front end into deita_apps/static: one small entry, CodeMirror and Vega as chunks that are fetched when they are
 * first needed. `version.txt` is the hash of it all and a part of the address, so that a browser may keep the files for good.
 * Also puts Swagger's page where both planes serve it from.
 */

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const front = dirname(fileURLToPath(import.meta.url));
const root = join(front, "..", "..");
const out = join(root, "notebooks", "deita_apps", "static");
const template = join(root, "notebooks", "template");

await rm(out, { recursive: true, force: true });
await build({
  entryPoints: [join(front, "src", "explore.ts"), join(front, "styles", "explore.css")],
  entryNames: "[name]",
  chunkNames: "chunks/[name]-[hash]",
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
});

const hash = createHash("sha256");
const files = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
for (const file of files.sort()) hash.update(relative(out, file)).update(await readFile(file));
const version = hash.digest("hex").slice(0, 16);
await writeFile(join(out, "version.txt"), version);
await writeFile(join(template, "static-version.txt"), version);

const swagger = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));
for (const plane of ["hub/deita_hub/service", "extensions/deita-server/deita_server"]) {
  const target = join(root, plane, "static", "swagger");
  await mkdir(target, { recursive: true });
  for (const name of ["swagger-ui.css", "swagger-ui-bundle.js"]) await copyFile(join(swagger, name), join(target, name));
}
