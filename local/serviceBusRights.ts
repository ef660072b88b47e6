/** Who may use the simulated Service Bus: two principals from the start, and whoever is given one of its roles in Azure. */
import { findPrincipal, type World } from "./simulators/world.ts";

/** learn.microsoft.com "Azure built-in roles for Integration". The simulator does not tell senders from receivers. */
const roles = new Set([
  "090c5cfd-751d-490a-894a-3ce6f1109419", // Azure Service Bus Data Owner
  "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", // Azure Service Bus Data Sender
  "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", // Azure Service Bus Data Receiver
]);

export function serviceBusRights(
  world: World,
  { principals, namespace }: { principals: ReadonlySet<string>; namespace: string },
): Pick<ReadonlySet<string>, "has"> {
  const [name = ""] = namespace.split(".");
  const isAbove = (scope: string): boolean =>
    /^\/subscriptions\/[^/]+$/i.test(scope) ||
    `${scope}/`.toLowerCase().includes(`/providers/microsoft.servicebus/namespaces/${name}/`);
  return {
    has(clientId) {
      if (principals.has(clientId)) return true;
      const principal = findPrincipal(world, clientId);
      return [...world.roleAssignments.values()].some(
        ({ role, principalId, scope }) => principalId === principal?.principalId && roles.has(role) && isAbove(scope),
      );
    },
  };
}
