import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Host, startHost } from "../../src/host.ts";
import { createAppFolder, requireApp } from "./appFolder.ts";
import { createMemoryLog } from "./memoryLog.ts";

export interface RunningHost extends Host {
  readonly lines: string[];
  readonly dataDirectory: string;
}

export interface HostFixture {
  /** The text of main.js after `const { app } = require("@azure/functions")`. */
  readonly code: string;
  readonly hostJson?: object;
  readonly settings?: Record<string, string>;
  readonly files?: Record<string, string | object>;
  readonly dataDirectory?: string;
}

/** Starts a host for a one-file app; both end with the test. */
export async function runHost({
  code,
  hostJson = {},
  settings = {},
  files = {},
  ...rest
}: HostFixture): Promise<RunningHost> {
  const folder = await createAppFolder({
    "package.json": { main: "main.js" },
    "host.json": { version: "2.0", ...hostJson },
    "main.js": requireApp + code,
    ...files,
  });
  onTestFinished(() => folder.remove());
  const dataDirectory = rest.dataDirectory ?? (await createDataDirectory());
  const { log, lines } = createMemoryLog();
  const host = await startHost({ folder: folder.path, port: 0, dataDirectory, settings, log });
  onTestFinished(() => host.close({ graceMs: 200 }));
  return { ...host, lines, dataDirectory };
}

export async function createDataDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mooring-data-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
