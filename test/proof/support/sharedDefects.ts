/** Defects of sharing, each put into the source while the worlds look for it (plantSource.ts). Nothing here may import the source. */
import { edit, type PlantedDefect } from "./sourceEdits.ts";

export const sharedDefects: Readonly<Record<string, PlantedDefect>> = {
  "a home that does not look for its guests": {
    edits: edit("src/resources/definitions/identityMembers.ts", "(record?.guests ?? [])", "([] as string[])"),
    finds: /its home does not (?:have|know it)|it is no |is missing/,
  },
  // It was there once.
  "a guest that meets its home held, and a moment later free, goes on without being named there": {
    edits: edit(
      "src/application/process/preflight.ts",
      "    throwConflict(notJoined);\n    expectNotPassed",
      "    expectNotPassed",
    ),
    finds: /its home does not know it/,
    from: 2_400,
  },
  "a guest's migration takes the credential of its home": {
    edits: edit(
      "src/resources/federatedCredential/plan.ts",
      "const own = federatedCredentialName(input, input.serviceAccount);",
      'const [cluster = "", namespace = ""] = (input.sharedIdentity ?? "").split("/");\n  const own = federatedCredentialName(input.sharedIdentity ? { cluster, namespace } : input, input.serviceAccount);',
    ),
    finds: /not team-home's to lose: credential|0 credentials for \S+:team-home:/,
  },
  "a migration away from a binding leaves Azure's credential": {
    edits: edit(
      "src/resources/identityBinding/steps.ts",
      "if (isLast) await ports.identities.removeFederatedCredential(identity, automaticCredential);",
      "",
    ),
    finds: /left behind: credential aks-identity-binding/,
  },
  "a guest's migration forgets how far it has come": {
    edits: edit("src/domain/operation/lifecycle.ts", "...defined({ migration: left }) };\n    }", "};\n    }"),
    finds: /no record asks for/,
    from: 1_030,
  },
  "a home that names its guests for ever": {
    edits: edit(
      "src/application/operation/concludeOperation.ts",
      "isGone ? leaveIdentity(ports, input.request) : undefined",
      "isGone ? undefined : undefined",
    ),
    finds: /which is gone/,
  },
  "a repair of the home takes its guests' credentials": {
    edits: edit(
      "src/resources/federatedCredential/leftByGuests.ts",
      "return record && askedOf(record, home).length > 0 ? [] : [each];",
      "return record ? [each] : [each];",
    ),
    finds: /0 credentials for/,
  },
  "a role of a home on a PostgreSQL server that is known by its name alone": {
    edits: edit(
      "src/resources/target/postgres/role.ts",
      "await postgres.inspect(place, { role: name, principalId });",
      "await postgres.inspect(place, { role: name, principalId: undefined });",
    ),
    finds: /the identity is still renamed|from Mooring/,
  },
  "another role of the same identity that its home does not look for": {
    edits: [
      ...edit(
        "src/resources/target/postgres/role.ts",
        "{ role: name, principalId }",
        "{ role: name, principalId: undefined }",
      ),
      ...edit(
        "src/resources/target/postgres/reach.ts",
        "postgres.inspect(place, { role, principalId });",
        "postgres.inspect(place, { role, principalId: undefined });",
      ),
    ],
    finds: /the identity reaches \S+ as by-hand/,
    from: 1_048,
  },
  "a home whose row is lost, and whose identity goes to another team": {
    edits: edit("src/resources/identity/plan.ts", "  return isOlderThan(operation, record);\n}", "  return true;\n}"),
    finds: /the second team got the home's identity/,
  },
  "a guest whose row is lost, and whose pods go to another team": {
    edits: edit(
      "src/resources/identity/uses.ts",
      "return [...usable.map(",
      "return [...usable.slice(usable.length).map(",
    ),
    finds: /pods of the second team can use the home's identity/,
  },
  "a guest whose namespace has another team's identity beside it": {
    edits: edit("src/resources/identity/unrecorded.ts", "isGuest(user) ? await", "false ? await"),
    finds: /pods of the second team can use the first one's identity/,
  },
};
