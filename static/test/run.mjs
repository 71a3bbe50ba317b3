/**
 * Runs the unit tests: bundles every test/*.test.ts(x) and hands the result to `node --test`.
 *
 *   npm test                 all
 *   npm test -- tokens log   those whose file name contains one of the words
 *
 * The bundles go below node_modules, so that packages left external are still found from there.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "..", "node_modules", `.unit-tests-${process.pid}`);
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => /\.test\.tsx?$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort();

if (files.length === 0) {
  console.error(`no test file matches: ${wanted.join(" ") || "test/*.test.ts"}`);
  process.exit(1);
}

/** A test of the build imports the build script itself, from where it lies. */
const leaveBuildScript = {
  name: "leave-build-script",
  setup(build) {
    build.onResolve({ filter: /\/build\.mjs$/ }, () => ({ path: pathToFileURL(join(here, "..", "build.mjs")).href, external: true }));
  },
};

await esbuild.build({
  absWorkingDir: here,
  entryPoints: files,
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: ["node20"],
  packages: "external",
  plugins: [leaveBuildScript],
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
  loader: { ".css": "empty", ".svg": "empty", ".woff2": "empty" },
  logLevel: "warning",
});

const tests = files.map((name) => join(outdir, name.replace(/\.tsx?$/, ".mjs")));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...tests], { cwd: join(here, ".."), stdio: "inherit" });
rmSync(outdir, { recursive: true, force: true });
process.exit(run.status ?? 1);
