import type { Faults } from "../faults.ts";
import type { World } from "../world.ts";
import type { Database } from "./engine/store.ts";
import type { TlsContexts } from "./tlsUpgrade.ts";

/** What the connections of a server share. */
export interface ServerContext {
  readonly world: World;
  readonly faults: Faults;
  readonly contexts: TlsContexts;
  /** The key in `world.sqlServers`. */
  readonly server: string;
  /** With a trailing slash. */
  readonly authorityHost: string;
  readonly sqlLogins: ReadonlyMap<string, string>;
  findDatabase(name: string): Database | undefined;
  nextSessionId(): number;
}
