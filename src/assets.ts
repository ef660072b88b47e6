/** The only reader of the built dashboard, which is next to the bundle: a document, and files with a hash in their names. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

export interface Asset {
  readonly type: string;
  readonly body: Uint8Array;
  readonly gzip: Uint8Array;
}

export interface Assets {
  /** The document, before its settings are filled in. */
  readonly template: string;
  readonly files: ReadonlyMap<string, Asset>;
}

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Reads nothing until someone opens the dashboard: most starts of the service serve programs. */
export function assetsIn(folder: string): () => Assets {
  let assets: Assets | undefined;
  return () => {
    assets ??= readAssets(folder);
    return assets;
  };
}

function readAssets(folder: string): Assets {
  const names = readdirSync(join(folder, "assets"));
  const files = names.flatMap((name) => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    const body = readFileSync(join(folder, "assets", name));
    return [[name, { type, body, gzip: gzipSync(body, { level: 9 }) }] as const];
  });
  return { template: readFileSync(join(folder, "index.html"), "utf8"), files: new Map(files) };
}
