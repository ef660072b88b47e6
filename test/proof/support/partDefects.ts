/**
 * Defects that Mooring had and too few worlds show, each put back into its source while the test that it broke runs (planted.config.ts). Nothing
 * here may import the source.
 */
import { type Edit, edit } from "./sourceEdits.ts";

export interface PartDefect {
  readonly edits: readonly Edit[];
  readonly test: string;
  /** The title of what fails there, or a part of it. */
  readonly named: string;
}

export const partDefects: Readonly<Record<string, PartDefect>> = {
  "code that a workload made passes to the database's owner": {
    edits: edit(
      "src/adapters/postgres/statements.ts",
      `coalesce(c.relkind NOT IN ('r', 'p', 'S') OR \${callsCode}, true) AS "toHeir"`,
      `false AS "toHeir"`,
    ),
    test: "test/adapters/postgres/revokeFirst.test.ts",
    named: "runs no code of the workload with rights of a stronger role",
  },
  "what a workload has in another database keeps its role from being revoked": {
    edits: edit(
      "src/resources/target/postgres/revocation.ts",
      "  const owners = actedFor(schema);\n  const ofOthers",
      `  const owners = actedFor(schema);
  const [foreign] = goesWhole ? describeForeign(role, known, input) : [];
  if (foreign !== undefined) throw new PermanentError("POSTGRES_ROLE_IN_USE", foreign);
  const ofOthers`,
    ),
    test: "test/adapters/postgres/revokeFirst.test.ts",
    named: "makes elsewhere",
  },
  "a change has revoked what the role still has on a table of another owner": {
    edits: edit(
      "src/resources/target/postgres/revocation.ts",
      "if (ofOthers) ofOthers.push(...left);\n      else throwHeld(left);",
      "if (ofOthers) ofOthers.push(...left);",
    ),
    test: "test/adapters/postgres/revokeFirst.test.ts",
    named: "says what stays after somebody else got a table",
  },
  "a repair does not ask before it gives": {
    edits: edit(
      "src/resources/definitions/permit.ts",
      "    throwDenied(await findDenied(ports, record, {",
      "    if (!isRepair) throwDenied(await findDenied(ports, record, {",
    ),
    test: "test/orchestrations/asksFirst.test.ts",
    named: "a repair gives nothing, puts the rest right",
  },
  "places are recorded after the first write": {
    edits: edit(
      "src/application/admission/withPlaces.ts",
      "...(request.targets ? { places: { ...rememberTargets(catalog, request), ...places } } : {}),",
      "...(places ? { places } : {}),",
    ),
    test: "test/orchestrations/asksFirst.test.ts",
    named: "where nobody remembers it",
  },
  "a target that is only asked for is listed as in force": {
    edits: edit(
      "src/domain/operation/standing.ts",
      '...row(progress?.awaitsApproval ? "awaitingApproval" : "requested", isMoved',
      '...row("inForce", isMoved',
    ),
    test: "test/proof/access.test.ts",
    named: "says what can be opened, and no more",
  },
};
