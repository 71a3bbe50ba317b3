/** What a learner has to download, measured on the product's build; and the manifest Django reads. Budgets: front-end design, section 3. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { manifestOf, productOptions, staticImports } from "../build.mjs";

type Manifest = Record<string, { file: string; css: string[]; preload: string[] }>;
let metafile: esbuild.Metafile;
let outdir: string;
let sizes: Map<string, number>;

before(async () => {
  const options = productOptions();
  outdir = options.outdir as string;
  const result = await esbuild.build({ ...options, write: false, sourcemap: false });
  metafile = result.metafile;
  sizes = new Map(result.outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents).length / 1024]));
});

/** The output made from a source, by its path. */
function outputOf(source: string): string {
  const found = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === source);
  assert.ok(found, `the build has no output for ${source}`);
  return found[0];
}

const withImports = (source: string): string[] => [outputOf(source), ...staticImports(metafile, outputOf(source))];
const kilobytes = (outputs: Iterable<string>): number => [...new Set(outputs)].reduce((sum, output) => sum + (sizes.get(basename(output)) ?? NaN), 0);
const firstLoad = (): string[] => [...withImports("src/site.ts"), ...withImports("src/lab.tsx")];
const lazily = (source: string, ...loaded: string[]): string[] => withImports(source).filter((output) => ![...firstLoad(), ...loaded].includes(output));

function within(name: string, found: number, budget: number): void {
  assert.ok(found <= budget, `${name}: found ${found.toFixed(1)} KB gzip, wanted at most ${budget}`);
}

test("the first load of the lab", () => within("site and lab", kilobytes(firstLoad()), 90));
test("the terminal", () => within("terminal", kilobytes(lazily("src/terminal/mount.ts")), 95));
test("the editor", () => within("editor", kilobytes(lazily("src/editor/mount.tsx")), 145));
test("the editor's checks", () => within("schema help", kilobytes(lazily("src/editor/lint.ts", ...withImports("src/editor/mount.tsx"))), 40));
test("the wall", () => within("wall", kilobytes([...withImports("src/site.ts"), ...withImports("src/wall.tsx")]), 60));

test("each page's entry is in the manifest, with its sheet and what it imports at once", () => {
  const manifest = manifestOf(metafile, outdir) as unknown as Manifest;
  for (const entry of ["site.ts", "lab.tsx", "wall.tsx"]) {
    assert.match(manifest[entry]?.file ?? "", /^(site|lab|wall)-[A-Z0-9]{8}\.js$/);
    assert.match(manifest[entry]?.css[0] ?? "", /^(site|lab|wall)-[A-Z0-9]{8}\.css$/);
    assert.ok(manifest[entry]?.preload.every((path) => /^c\/[\w-]+-[A-Z0-9]{8}\.js$/.test(path)));
  }
});

test("panels that are loaded lazily bring no sheet of their own", () => {
  for (const source of ["src/terminal/mount.ts", "src/editor/mount.tsx", "src/lesson/mount.tsx"]) {
    assert.equal(metafile.outputs[outputOf(source)]?.cssBundle, undefined, `${source} imports a sheet nobody would load`);
  }
});
