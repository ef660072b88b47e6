/** Microsoft.Authorization/roleDefinitions: some built-in roles, and custom ones (learn.microsoft.com "Role Definitions"). */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { World } from "../world.ts";
import { failures } from "./failures.ts";
import { isSame, type ResourcePath } from "./resourcePath.ts";
import { type ArmCall, notFound, page, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.Authorization/roleDefinitions";

interface RoleDefinition {
  /** The GUID at the end of its id. */
  readonly name: string;
  readonly roleName: string;
  readonly type: "BuiltInRole" | "CustomRole";
  readonly description: string;
  readonly assignableScopes: readonly string[];
  readonly permissions: readonly object[];
}

const everything = ["*"];
const builtIn: readonly RoleDefinition[] = [
  define("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", everything),
  define("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", everything),
  define("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ["*/read"]),
  define("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
  ]),
  define("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor", [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*",
  ]),
  define("9980e02c-c2be-4d73-94e8-173b1dc7cf3c", "Virtual Machine Contributor", [
    "Microsoft.Compute/virtualMachines/*",
  ]),
  define("090c5cfd-751d-490a-894a-3ce6f1109419", "Azure Service Bus Data Owner", ["Microsoft.ServiceBus/*"]),
  define("69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", "Azure Service Bus Data Sender", []),
  define("4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", "Azure Service Bus Data Receiver", []),
];

function define(name: string, roleName: string, actions: readonly string[]): RoleDefinition {
  const permissions = [{ actions, notActions: [], dataActions: [], notDataActions: [] }];
  return { name, roleName, type: "BuiltInRole", description: roleName, assignableScopes: ["/"], permissions };
}

const Body = z.object({
  properties: z.object({
    roleName: z.string().min(1),
    description: z.string().nullish(),
    assignableScopes: z.array(z.string()).min(1),
    permissions: z.array(z.looseObject({})),
  }),
});

export function roleDefinitions(world: World): ResourceType {
  const custom = new Map<string, RoleDefinition>();
  const all = () => [...builtIn, ...custom.values()];
  /** Its id names the subscription, whatever the scope at which it is read. */
  const describe = ({ name, ...properties }: RoleDefinition, { subscriptionId }: ResourcePath) => {
    const times = { createdOn: "2026-01-01T00:00:00.0000000Z", updatedOn: world.now().toISOString() };
    return {
      id: `/subscriptions/${subscriptionId}/providers/${type}/${name}`,
      name,
      type,
      properties: { ...properties, ...times },
    };
  };
  return {
    type,
    apiVersions: ["2015-07-01", "2018-01-01-preview", "2022-04-01", "2022-05-01-preview"],
    list(call) {
      const isMeant = readFilter(call);
      const found = all().filter(isMeant);
      return page(
        call,
        found.map((each) => describe(each, call.path)),
      );
    },
    GET({ path }) {
      const found = all().find(({ name }) => isSame(name, path.names[0] ?? ""));
      if (!found) throw failures.unknownRole(path.names[0] ?? "");
      return { status: 200, body: describe(found, path) };
    },
    PUT({ path, body }) {
      const { roleName, description, assignableScopes, permissions } = parseBody(Body, body).properties;
      const name = path.names[0] ?? randomUUID();
      const namesake = all().find((each) => isSame(each.roleName, roleName) && !isSame(each.name, name));
      if (namesake) throw failures.roleNameTaken(roleName);
      const isNew = !custom.has(name.toLowerCase());
      const role: RoleDefinition = {
        name,
        roleName,
        type: "CustomRole",
        description: description ?? "",
        assignableScopes,
        permissions,
      };
      custom.set(name.toLowerCase(), role);
      return { status: isNew ? 201 : 200, body: describe(role, path) };
    },
    DELETE({ path }) {
      const name = path.names[0] ?? "";
      const role = custom.get(name.toLowerCase());
      if (!role && builtIn.some((each) => isSame(each.name, name))) throw notFound(path);
      if (!role) return { status: 204 };
      if ([...world.roleAssignments.values()].some((each) => isSame(each.role, name))) throw failures.roleInUse(name);
      custom.delete(name.toLowerCase());
      return { status: 200, body: describe(role, path) };
    },
  };
}

/** The filters that the documentation lists. */
function readFilter({ url }: ArmCall): (role: RoleDefinition) => boolean {
  const text = url.searchParams.get("$filter");
  if (!text) return () => true;
  const tests = text.split(/ and /i).map((term) => {
    const [, field = "", value = ""] = /^(roleName|type) eq '([^']*)'$/i.exec(term.trim()) ?? [];
    if (/^atScope(AndBelow)?\(\)$/i.test(term.trim())) return () => true;
    if (/^roleName$/i.test(field)) return (role: RoleDefinition) => isSame(role.roleName, value);
    if (/^type$/i.test(field)) return (role: RoleDefinition) => isSame(role.type, value);
    throw failures.badRequest(`The filter '${text}' is not supported.`);
  });
  return (role) => tests.every((test) => test(role));
}
