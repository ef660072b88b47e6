/** The known secrets of a run, and the search for them in everything that the run stores or outputs. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TableClient, TableServiceClient } from "@azure/data-tables";
import { rpcKeyOf } from "../../packages/functions-host/src/keyStore.ts";
import { names } from "../../sandbox/cloud.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";

export interface Place {
  readonly where: string;
  readonly text: string;
}

export type Secret = string | RegExp;

/** What this run has to keep secret, with patterns for every access token and every link with a key. */
export function secretsOf({ cloud, key }: Pick<Sandbox, "cloud" | "key">, systemKey: string): readonly Secret[] {
  const header = cloud.settings["IDENTITY_HEADER"] ?? "";
  if (header.length < 16) throw new Error("the identity header is too short to search for");
  const patterns = [/eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/, /[?&](code|sig)=[\w%-]{8,}/];
  const keys = [key, cloud.callers?.approverKey].filter((each) => each !== undefined);
  return [systemKey, rpcKeyOf(systemKey), header, cloud.sqlLogin.password, ...keys, ...patterns];
}

export function search(places: readonly Place[], wanted: readonly Secret[]): string[] {
  return places.flatMap(({ where, text }) =>
    wanted
      .filter((each) => (typeof each === "string" ? text.includes(each) : each.test(text)))
      .map((each) => `${where}: ${String(each).slice(0, 24)}`),
  );
}

export async function readStore({ dataFolder }: Pick<Sandbox, "dataFolder">): Promise<Place[]> {
  const files = await readdir(dataFolder, { recursive: true, withFileTypes: true });
  const paths = files.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return await Promise.all(
    paths.map(async (path) => ({ where: path, text: (await readFile(path)).toString("latin1") })),
  );
}

export async function readTables({ cloud }: Pick<Sandbox, "cloud">): Promise<Place[]> {
  setDefaultCACertificates([...getCACertificates("default"), cloud.tls.certificate]);
  const credential = cloud.credentialOf("mooring");
  const found: Place[] = [];
  for await (const { name = "" } of new TableServiceClient(cloud.tablesEndpoint, credential).listTables()) {
    for await (const entity of new TableClient(cloud.tablesEndpoint, name, credential).listEntities()) {
      found.push({ where: `table ${name}`, text: JSON.stringify(entity) });
    }
  }
  return found;
}

export function readMessages({ cloud: { serviceBus } }: Pick<Sandbox, "cloud">): Place[] {
  return [
    ...serviceBus.subscription(names.topic, "all").messages(),
    ...serviceBus.queue(names.queue).messages(),
    ...serviceBus.queue(names.queue).deadLetters(),
  ].map((message) => ({ where: "message", text: JSON.stringify(message) }));
}
