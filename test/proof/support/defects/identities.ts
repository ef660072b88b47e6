/** Identities and users of databases that are mistaken for others, or stay. */
import { identityRef } from "../../../../src/domain/catalog/clusters.ts";
import { PermanentError } from "../../../../src/domain/errors.ts";
import { readTags } from "../../../../src/domain/naming/ownership.ts";
import type { DatabaseTarget } from "../../../../src/domain/targets/sqlDatabase.ts";
import type { Ports } from "../../../../src/ports/index.ts";
import { type Defects, eventful, leaks } from "./defect.ts";

/** An identity without its tags, a user without its mark: an undo considers them somebody else's. */
function withoutMarks(ports: Ports): Ports {
  const { identities, databases } = ports;
  return {
    ...ports,
    identities: { ...identities, put: (ref, settings) => identities.put(ref, { ...settings, tags: {} }) },
    databases: {
      ...databases,
      change: (target, changes) =>
        databases.change(
          target,
          changes.filter(({ kind }) => kind !== "mark"),
        ),
    },
  };
}

/** A second delivery that differs from the first: every credential gets a new name. */
function withNewNames(ports: Ports): Ports {
  let count = 0;
  const { identities } = ports;
  return {
    ...ports,
    identities: {
      ...identities,
      putFederatedCredential(ref, credential) {
        count += 1;
        return identities.putFederatedCredential(ref, { ...credential, name: `${credential.name}-${count}` });
      },
    },
  };
}

/** Finds users by their name alone. */
function withNamesOnly(ports: Ports): Ports {
  const { databases } = ports;
  const inspect: typeof databases.inspect = (target, { name }) => databases.inspect(target, { name, sid: undefined });
  return { ...ports, databases: { ...databases, inspect } };
}

/** Sees no users but those that Mooring marked. */
function withoutOthers(ports: Ports): Ports {
  const { databases } = ports;
  const inspect: typeof databases.inspect = async (...asked) => {
    const state = await databases.inspect(...asked);
    return { ...state, users: state.users.filter(({ mark }) => mark !== undefined) };
  };
  return { ...ports, databases: { ...databases, inspect } };
}

/** Goes to no database that the catalog does not list. */
function withListedOnly(ports: Ports): Ports {
  const { catalog, databases } = ports;
  const expectListed = ({ server, database }: DatabaseTarget) => {
    if (catalog.sqlServers[server.alias]?.databases[database]) return;
    throw new PermanentError("UNKNOWN_DATABASE", `the catalog lists no ${database}`);
  };
  const inspect: typeof databases.inspect = async (target, user) => {
    expectListed(target);
    return await databases.inspect(target, user);
  };
  return { ...ports, databases: { ...databases, inspect } };
}

/** Knows any identity with the namespace's tags. */
function withTagsOnly(ports: Ports): Ports {
  const { catalog, identities, registry } = ports;
  const getNamespace: typeof registry.getNamespace = async (namespaceRef) => {
    const record = await registry.getNamespace(namespaceRef);
    if (record?.clientId !== undefined) return record;
    const identity = await identities.get(identityRef(catalog, namespaceRef));
    return record && identity ? { ...record, clientId: identity.clientId } : record;
  };
  return { ...ports, registry: { ...registry, getNamespace } };
}

/** Sees nothing of what an earlier operation's late writes left. */
function withoutLate(ports: Ports): Ports {
  const { identities, kubernetes } = ports;
  return {
    ...ports,
    identities: {
      ...identities,
      federatedCredentials: async (ref) =>
        (await identities.federatedCredentials(ref)).filter(({ subject }) => !subject.endsWith(":former")),
    },
    kubernetes: {
      ...kubernetes,
      list: async (...asked) => (await kubernetes.list(...asked)).filter(({ metadata }) => metadata.name !== "former"),
    },
  };
}

/** Gives what 0.1.0 gave, whatever roles the database has. */
function withFixedRoles(ports: Ports): Ports {
  const { databases } = ports;
  return {
    ...ports,
    databases: {
      ...databases,
      async inspect(target, user) {
        const state = await databases.inspect(target, user);
        return { ...state, roles: state.roles.filter((role) => !role.startsWith("mooring_")) };
      },
    },
  };
}

/** By name, bindings of a world that were to be removed: worlds use the same names, and each has a catalog of its own. */
const lastingBindings = new WeakMap<Ports["catalog"], Set<string>>();

/** Leaves every identity binding where it is, and does not see that. */
function withLastingBindings(ports: Ports): Ports {
  const { catalog, identityBindings } = ports;
  const lasting = lastingBindings.get(catalog) ?? new Set<string>();
  lastingBindings.set(catalog, lasting);
  return {
    ...ports,
    identityBindings: {
      ...identityBindings,
      get: async (ref) => (lasting.has(ref.name) ? undefined : await identityBindings.get(ref)),
      listAt: async (clusterId) => (await identityBindings.listAt(clusterId)).filter(({ name }) => !lasting.has(name)),
      async put(ref, settings) {
        lasting.delete(ref.name);
        await identityBindings.put(ref, settings);
      },
      async remove({ name }) {
        lasting.add(name);
      },
    },
  };
}

/** Lists the identities that Mooring made. */
function withTaggedOnly(ports: Ports): Ports {
  const listIn: typeof ports.identities.listIn = async (place) =>
    (await ports.identities.listIn(place)).filter(({ tags }) => readTags(tags) !== undefined);
  return { ...ports, identities: { ...ports.identities, listIn } };
}

export const identities: Defects = {
  "a mark that is not written": { spoil: withoutMarks, finds: leaks },
  "a credential with another name each time": { spoil: withNewNames, finds: leaks },
  "a user that is known by its name alone": { spoil: withNamesOnly, finds: /still there|it reaches/ },
  "a verification that overlooks users of others": { spoil: withoutOthers, finds: /it reaches/ },
  "a database that nobody goes to after the catalog has dropped it": {
    spoil: withListedOnly,
    finds: /still there|it reaches/,
  },
  "an identity that is known by its tags alone": { spoil: withTagsOnly, finds: /got the first team's identity/ },
  "an identity that was there before, and whose lost row nobody tells": {
    spoil: withTaggedOnly,
    finds: /the row is lost, and nobody is told of/,
    from: 320,
    changes: { deed: "loses a row", ...eventful },
  },
  "a repair that overlooks what no record asks for": { spoil: withoutLate, finds: /no record asks for/ },
  "a repair that leaves fixed roles": { spoil: withFixedRoles, finds: /and the database has Mooring's roles/ },
  "a migration that leaves the binding where it is": {
    spoil: withLastingBindings,
    finds: /still there: binding/,
  },
};
