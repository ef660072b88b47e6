/** Records, statuses and audit entries that are lost, written twice or wrong. */
import type { Ports } from "../../../../src/ports/index.ts";
import type { World } from "../world.ts";
import type { Defects } from "./defect.ts";

/** Forgets how far a migration has got. */
function withoutMigration(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = (record) => {
    if (record.state !== "Onboarded") return registry.replaceNamespace(record);
    const { migration: _migration, ...rest } = record;
    return registry.replaceNamespace(rest);
  };
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Forgets which team has a namespace. */
function withoutTeam(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = ({ team: _team, ...record }) =>
    registry.replaceNamespace(record);
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** A status that shows no effect where there was one. */
function withoutActions(ports: Ports): Ports {
  const { registry } = ports;
  const updateStep: typeof registry.updateStep = (operation, step, { action, ...changes }) =>
    registry.updateStep(operation, step, action === undefined ? changes : { ...changes, action: "none" });
  return { ...ports, registry: { ...registry, updateStep } };
}

/** Writes a separate entry for every attempt. */
function withNewEntries(ports: Ports): Ports {
  let count = 0;
  return {
    ...ports,
    audit: {
      ...ports.audit,
      append(entry) {
        count += 1;
        return ports.audit.append({ ...entry, id: `${entry.id}-${count}-${Math.random()}` });
      },
    },
  };
}

function withoutEntries(ports: Ports): Ports {
  return {
    ...ports,
    audit: {
      ...ports.audit,
      append: async (entry) => (entry.kind === "effect" ? undefined : ports.audit.append(entry)),
    },
  };
}

/** Somebody changes an existing entry. */
function changeEntry({ trail }: World): void {
  const [row, entry] = [...trail].find(([key]) => key.startsWith("e-")) ?? [];
  if (row !== undefined && entry) trail.set(row, { ...entry, who: "nobody" });
}

/** Loses a record's previous state, so that there is nothing to restore; for a change the compiler would reject this. */
function withoutPrevious(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = (record) => {
    if (record.state === "Changing") return registry.replaceNamespace(record);
    const { previous: _previous, ...rest } = record;
    return registry.replaceNamespace(rest);
  };
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Discards the findings of a verification. */
function withoutFindings(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = ({ findings: _findings, ...record }) =>
    registry.replaceNamespace({ ...record, findings: [] });
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Counts no namespaces, so that a quota is never reached. */
function withoutCounting(ports: Ports): Ports {
  return { ...ports, registry: { ...ports.registry, countNamespaces: async () => 0 } };
}

/** Forgets earlier answers. */
function withoutKeys(ports: Ports): Ports {
  const idempotencyKeys = { ...ports.idempotencyKeys, find: async () => undefined, insert: async () => true };
  return { ...ports, idempotencyKeys };
}

export const records: Defects = {
  "a migration that forgets how far it has come": { spoil: withoutMigration, finds: /the record says undefined/ },
  "a record that forgets its team": { spoil: withoutTeam, finds: /'s and is|still undefined's|a stranger/ },
  "a status without what was done": { spoil: withoutActions, finds: /and its steps say/ },
  "an audit trail with an entry for every try": { spoil: withNewEntries, finds: /audit has/ },
  "an audit trail without effects": { spoil: withoutEntries, finds: /audit/ },
  "an audit entry that somebody changed": { atEnd: changeEntry, finds: /the chain of the audit trail is broken/ },
  "a record that forgets what it was": { spoil: withoutPrevious, finds: /the namespace's record is undefined/ },
  "a record that keeps no findings": { spoil: withoutFindings, finds: /the look found nothing/ },
  "a quota that nobody counts": { spoil: withoutCounting, finds: /a team with quota 1 has/, from: 140 },
  "an idempotency key that is forgotten": { spoil: withoutKeys, finds: /the same key got/ },
};
