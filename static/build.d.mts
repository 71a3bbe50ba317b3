import type { BuildOptions, Metafile } from "esbuild";

export interface Manifest {
  readonly [entry: string]: { readonly file: string; readonly css: readonly string[]; readonly preload: readonly string[] } | readonly string[];
}

export function productOptions(choice?: { readonly minify?: boolean }): BuildOptions & { metafile: true };
export function manifestOf(metafile: Metafile, outdir: string): Manifest;
export function staticImports(metafile: Metafile, output: string): string[];
