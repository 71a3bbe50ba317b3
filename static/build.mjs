/**
 * Builds the browser side into build/ui: hashed files, and a manifest that tells Django which files a page needs.
 *
 *   node build.mjs              the product
 *   node build.mjs --watch      the product, again after every change, with readable code
 *   node build.mjs --fixture    also build/fixture: one page with made-up data per file in test/fixtures and for test/fixture.ts
 *   node build.mjs --out DIR    the product, into DIR instead, so that a running server keeps what it serves
 *
 * manifest.json maps an entry to what its page must load:
 *   {"lab.tsx": {"file": "lab-5WG3WCFM.js", "css": ["lab-K2….css"], "preload": ["c/chunk-….js"]}}
 * Paths are relative to build/ui. Files in public/ keep their names. Fonts listed under "fonts" may be preloaded.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const buildDir = resolve(here, "..", "build");
const uiDir = resolve(flagValue("--out") ?? join(buildDir, "ui"));
const fixtureDir = join(buildDir, "fixture");
const entries = ["src/site.ts", "src/lab.tsx", "src/wall.tsx"];

function flagValue(flag) {
  const at = process.argv.indexOf(flag);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** The options every build shares; `hashed` decides between the product's names and plain ones. */
export function options({ entryPoints, outdir, hashed, minify }) {
  const mark = hashed ? "-[hash]" : "";
  return {
    absWorkingDir: here,
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify,
    sourcemap: "linked",
    legalComments: "linked",
    metafile: true,
    entryNames: `[name]${mark}`,
    chunkNames: "c/[name]-[hash]",
    assetNames: `a/[name]${mark}`,
    alias: { "d3-transition": "./src/draw/no-transition.ts" },
    loader: { ".woff2": "file", ".svg": "file" },
    logLevel: "warning",
  };
}

/** The product's build; with `write: false` nothing touches the disk (the budget test uses that). */
export function productOptions({ minify = true } = {}) {
  return options({ entryPoints: entries, outdir: uiDir, hashed: true, minify });
}

/** What each entry's page must load, from esbuild's metafile. */
export function manifestOf(metafile, outdir) {
  const short = (output) => relative(outdir, resolve(here, output));
  const manifest = {};
  for (const [output, info] of Object.entries(metafile.outputs)) {
    if (!entries.includes(info.entryPoint)) continue;
    manifest[basename(info.entryPoint)] = {
      file: short(output),
      css: info.cssBundle ? [short(info.cssBundle)] : [],
      preload: staticImports(metafile, output).map(short),
    };
  }
  const fonts = Object.keys(metafile.outputs).filter((output) => output.endsWith(".woff2"));
  return { ...Object.fromEntries(Object.entries(manifest).sort()), fonts: fonts.map(short).sort() };
}

/** Every chunk an output needs before it can run, itself excluded, without what is imported lazily. */
export function staticImports(metafile, output) {
  const found = new Set();
  const visit = (path) => {
    for (const { path: next, kind, external } of metafile.outputs[path]?.imports ?? []) {
      if (kind !== "import-statement" || external || found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(output);
  return [...found].sort();
}

async function writeManifest(metafile) {
  const target = join(uiDir, "manifest.json");
  await writeFile(`${target}.new`, `${JSON.stringify(manifestOf(metafile, uiDir), null, 2)}\n`);
  await rename(`${target}.new`, target);
}

/** Copies public/ and writes the manifest after each successful build. */
const finish = {
  name: "finish",
  setup(build) {
    build.onEnd(async ({ errors, metafile }) => {
      if (errors.length > 0) return;
      await mkdir(uiDir, { recursive: true });
      await cp(join(here, "public"), uiDir, { recursive: true });
      await writeManifest(metafile);
    });
  },
};

async function fixtureEntries() {
  const folder = join(here, "test", "fixtures");
  const files = existsSync(folder) ? await readdir(folder) : [];
  const pages = files.filter((name) => /\.page\.tsx?$/.test(name)).map((name) => `test/fixtures/${name}`);
  return existsSync(join(here, "test", "fixture.ts")) ? ["test/fixture.ts", ...pages] : pages;
}

const fixturePage = (name, hasCss) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} fixture · Drydock</title>
${hasCss ? `<link rel="stylesheet" href="${name}.css">` : ""}
<script type="module" src="${name}.js"></script>
</head>
<body></body>
</html>
`;

async function buildFixtures() {
  await rm(fixtureDir, { recursive: true, force: true });
  const entryPoints = await fixtureEntries();
  const { metafile } = await esbuild.build(options({ entryPoints, outdir: fixtureDir, hashed: false, minify: false }));
  for (const [output, info] of Object.entries(metafile.outputs)) {
    if (!entryPoints.includes(info.entryPoint)) continue;
    const name = basename(output, ".js");
    await writeFile(join(fixtureDir, `${name}.html`), fixturePage(name, Boolean(info.cssBundle)));
  }
}

async function main(flags) {
  if (flags.includes("--watch")) {
    const context = await esbuild.context({ ...productOptions({ minify: false }), plugins: [finish], logLevel: "info" });
    await context.watch();
    return;
  }
  await rm(uiDir, { recursive: true, force: true });
  await esbuild.build({ ...productOptions(), plugins: [finish] });
  if (flags.includes("--fixture")) await buildFixtures();
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
