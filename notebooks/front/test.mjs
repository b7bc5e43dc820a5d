/** Bundles the tests of the pure modules, of the apps and of the side panel, and runs them with Node's own test runner. */

import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const folders = [join(root, "notebooks", "front", "test"), join(root, "extensions", "deita-lab", "test")];
const out = await mkdtemp(join(tmpdir(), "deita-front-"));
const testsIn = async (folder) => (await readdir(folder)).filter((name) => name.endsWith(".test.ts")).map((name) => join(folder, name));
const entryPoints = (await Promise.all(folders.map(testsIn))).flat();
await build({ entryPoints, outdir: out, entryNames: "[name]", outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", logLevel: "warning" });
const files = (await readdir(out)).map((name) => join(out, name));
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", ...files], { stdio: "inherit" });
await rm(out, { recursive: true, force: true });
process.exit(status ?? 1);
