/** Microsoft.Sql/servers, and what belongs to them. */
import type { SqlServer, World } from "../world.ts";
import type { LongRunning } from "./longRunning.ts";
import type { ResourcePath } from "./resourcePath.ts";
import { parentNotFound, type ResourceType } from "./resources.ts";
import { sqlAdministrators } from "./sqlAdministrators.ts";
import { sqlDatabases } from "./sqlDatabases.ts";
import { sqlEntraOnly } from "./sqlEntraOnly.ts";
import { sqlFirewallRules } from "./sqlFirewallRules.ts";
import { findServer, sqlServers } from "./sqlServers.ts";

export function sqlTypes(world: World, longRunning: Pick<LongRunning, "start">): ResourceType[] {
  const requireServer = (path: ResourcePath, action: string): SqlServer => {
    const server = findServer(world, path);
    if (!server) throw parentNotFound(path, action);
    return server;
  };
  return [
    sqlServers(world),
    sqlDatabases(requireServer),
    sqlFirewallRules(requireServer),
    sqlEntraOnly(requireServer),
    sqlAdministrators(world, longRunning, requireServer),
  ];
}
