/** Access to targets that is another one than the asked one, or stays. */
import type { Ports } from "../../../../src/ports/index.ts";
import { type Defects, eventful } from "./defect.ts";

/** Leaves every role on a target as it is. */
function withoutTakingRoles(ports: Ports): Ports {
  return { ...ports, roleAssignments: { ...ports.roleAssignments, remove: async () => undefined } };
}

/** The role that was asked for, by the name of its assignment, which no other role has. */
const askedRoles = new Map<string, string>();

/** Gives whatever role is asked for as another one, and does not see that. */
function withAnotherRole(ports: Ports): Ports {
  const { roleAssignments } = ports;
  const put: typeof roleAssignments.put = (ref, given) => {
    askedRoles.set(ref.name, given.roleId);
    return roleAssignments.put(ref, { ...given, roleId: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" });
  };
  const madeAt: typeof roleAssignments.madeAt = async (scope) =>
    (await roleAssignments.madeAt(scope))?.map((each) => {
      const asked = askedRoles.get(each.id.split("/").at(-1) ?? "");
      return asked === undefined ? each : { ...each, roleDefinitionId: `/roleDefinitions/${asked}` };
    });
  return { ...ports, roleAssignments: { ...roleAssignments, put, madeAt } };
}

/** Leaves every role on a PostgreSQL server where it is. */
function withoutDroppingRoles(ports: Ports): Ports {
  return { ...ports, postgres: { ...ports.postgres, drop: async () => undefined } };
}

/** Lets applications in as long as their role is there. */
function withoutShutting(ports: Ports): Ports {
  return { ...ports, postgres: { ...ports.postgres, shut: async () => undefined } };
}

/** Gives nothing on tables that come later, and does not see that. */
function withoutNextTables(ports: Ports): Ports {
  const { postgres } = ports;
  const whole: typeof postgres.inspect = async (...asked) => {
    const { roles, schema } = await postgres.inspect(...asked);
    if (!schema) return { roles, schema };
    return { roles, schema: { ...schema, held: [...schema.held, ...schema.heldPartly], heldPartly: [] } };
  };
  return {
    ...ports,
    postgres: { ...postgres, inspect: whole, grant: (place, given) => postgres.grant(place, { ...given, owners: [] }) },
  };
}

/** Sees a role by its name alone, whomever else it lets in. */
function withRolesByName(ports: Ports): Ports {
  const { postgres } = ports;
  const inspect: typeof postgres.inspect = (place, who) => postgres.inspect(place, { ...who, principalId: undefined });
  return { ...ports, postgres: { ...postgres, inspect } };
}

/** Sees what a role has by itself, and not as a member of others. */
function withoutInherited(ports: Ports): Ports {
  const { postgres } = ports;
  const inspect: typeof postgres.inspect = async (...asked) => {
    const { roles, schema } = await postgres.inspect(...asked);
    return { roles, schema: schema && { ...schema, inherited: [] } };
  };
  return { ...ports, postgres: { ...postgres, inspect } };
}

/** Leaves every role in a Cosmos DB account as it is. */
function withoutTakingCosmosRoles(ports: Ports): Ports {
  return { ...ports, cosmosRoles: { ...ports.cosmosRoles, remove: async () => undefined } };
}

/** The asked role, by the name of its assignment, which no other has. */
const askedInCosmos = new Map<string, string>();

/** Gives whatever role is asked for in a Cosmos DB account as another one, and does not see that. */
function withAnotherCosmosRole(ports: Ports): Ports {
  const { cosmosRoles } = ports;
  return {
    ...ports,
    cosmosRoles: {
      ...cosmosRoles,
      assign(account, assignment) {
        askedInCosmos.set(assignment.name, assignment.roleId);
        return cosmosRoles.assign(account, { ...assignment, roleId: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" });
      },
      assignmentsIn: async (account) =>
        (await cosmosRoles.assignmentsIn(account)).map((each) => ({
          ...each,
          roleId: askedInCosmos.get(each.name) ?? each.roleId,
        })),
    },
  };
}

/** Knows no place of a target but the catalog's. */
function withoutEarlierPlaces(ports: Ports): Ports {
  const { registry } = ports;
  const getNamespace: typeof registry.getNamespace = async (namespaceRef) => {
    const { places: _forgotten, ...record } = (await registry.getNamespace(namespaceRef)) ?? {};
    return "state" in record ? (record as Awaited<ReturnType<typeof registry.getNamespace>>) : undefined;
  };
  return { ...ports, registry: { ...registry, getNamespace } };
}

const byOthers = "makes another role that can use a schema, or lets one use more";

export const targets: Defects = {
  "a role on a target that is never taken away": {
    spoil: withoutTakingRoles,
    finds: /(still there|left behind): role/,
  },
  "a target that the catalog has moved, and whose place is forgotten": {
    spoil: withoutEarlierPlaces,
    // What no place tells goes with the identity, and no step says so.
    finds: /(left behind|still there): role|does not ask for|role .* was taken away, and its steps say/,
    changes: eventful,
  },
  "another role on a target than the asked one": { spoil: withAnotherRole, finds: /the identity may not/ },
  "a role on a PostgreSQL server that is never dropped": {
    spoil: withoutDroppingRoles,
    finds: /(still there|left behind|nobody's): postgres|nothing keeps it/,
  },
  "a role on a PostgreSQL server that stays open until it is dropped": {
    spoil: withoutShutting,
    finds: /(still there|left behind|nobody's): postgres/,
    changes: { deed: "uses the role in a database that it was not given", ...eventful },
  },
  "a role on a PostgreSQL server that is known by its name alone": {
    spoil: withRolesByName,
    finds: /postgres renamed|the identity is still renamed|has \S+ \S+ from Mooring/,
    changes: { deed: "renames the role", ...eventful },
  },
  "another role on a PostgreSQL server that nobody counts": {
    spoil: withRolesByName,
    finds: /the identity reaches \S+ as by-hand/,
    changes: { deed: byOthers, ...eventful },
  },
  "rights of a role that it has by others, which nobody counts": {
    spoil: withoutInherited,
    finds: /the identity reaches \S+ as by-hand/,
    changes: { deed: byOthers, ...eventful },
  },
  "a right on a schema's tables of today alone": { spoil: withoutNextTables, finds: /lacks \S+ ON / },
  "a role in Cosmos DB that is never taken away": {
    spoil: withoutTakingCosmosRoles,
    finds: /(still there|left behind): cosmos role/,
  },
  "another role in Cosmos DB than the asked one": {
    spoil: withAnotherCosmosRole,
    finds: /the identity lacks a role at/,
  },
};
