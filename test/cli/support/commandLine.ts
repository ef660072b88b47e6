/** `mooring` against a sandbox of the suite's own, which distinguishes callers; everything that it prints is kept. */

import { names } from "../../../sandbox/cloud.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { type SuiteSandbox, startSandbox } from "../../support/sandbox.ts";
import { type BadConnection, startBadConnection } from "./badConnection.ts";
import { type Ended, type RunOptions, runLightly } from "./program.ts";

export const messages = `${names.sqlServer}/messages`;
export const orders = `${names.sqlServer}/orders`;

export function requestFor(namespace: string, database = "messages") {
  return { cluster: names.cluster, namespace, databases: [{ server: names.sqlServer, database, roles: ["reader"] }] };
}

export const onboardArgs = (fullName: string, database = messages) => [
  "onboard",
  fullName,
  "--database",
  `${database}=reader`,
];

export async function startCommandLine(): Promise<CommandLine> {
  const sandbox = await startSandbox({
    because: "it tells callers apart, and lists everything that is there",
    callers: "keys",
    approval: { databases: [orders], timeoutMinutes: 60 },
  });
  if (sandbox.key === undefined) throw new Error("the sandbox has no key");
  return new CommandLine(sandbox, sandbox.key);
}

export class CommandLine {
  readonly #connections: BadConnection[] = [];
  #count = 0;
  /** Everything; the key must not appear in it. */
  readonly printed: string[] = [];
  readonly sandbox: SuiteSandbox;
  readonly key: string;

  constructor(sandbox: SuiteSandbox, key: string) {
    this.sandbox = sandbox;
    this.key = key;
  }

  /** After each test. */
  async recover(): Promise<void> {
    this.sandbox.cloud.faults.clear();
    for (const connection of this.#connections.splice(0)) await connection.close();
  }

  env(env: Record<string, string> = {}) {
    return { MOORING_SERVER: this.sandbox.url, MOORING_KEY: this.key, ...env };
  }

  async mooring(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Ended> {
    const ended = await runLightly(args, { ...options, env: this.env(env) });
    this.printed.push(ended.stdout, ended.stderr);
    return ended;
  }

  newName(): string {
    this.#count += 1;
    return `red-${this.#count}`;
  }

  newNamespaceRef(): string {
    return `${names.cluster}/${this.newName()}`;
  }

  identityOf(fullName: string) {
    const [cluster = "", namespace = ""] = fullName.split("/");
    const name = identityName({ cluster, namespace });
    return [...this.sandbox.cloud.world.identities.values()].find((identity) => identity.name === name);
  }

  /** The service's address on a connection that does so. */
  async through(decide: Parameters<typeof startBadConnection>[1]): Promise<BadConnection> {
    const connection = await startBadConnection(this.sandbox.url, decide);
    this.#connections.push(connection);
    return connection;
  }
}
