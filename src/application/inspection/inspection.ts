/** Reads everything of a namespace back and says what differs from what was asked for. Reads only. */
import { PermanentError } from "../../domain/errors.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { identityName } from "../../domain/naming/names.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";
import type { Inspection } from "../../resources/definitions/inspection.ts";
import { furnished } from "../../resources/effects.ts";
import { readIdentity } from "../../resources/identity/effects.ts";

export async function inspectNamespace(ports: Ports, inspection: Inspection): Promise<readonly Finding[]> {
  let identity: ManagedIdentity | undefined;
  const identityFindings = await readable(identityName(inspection.request), async () => {
    const found = await readIdentity(ports, inspection);
    identity = found.identity;
    return found.findings;
  });
  // Users and objects are right when they name the identity that is there; when it is gone, the one that was.
  const clientId = identity?.clientId ?? inspection.clientId;
  if (clientId === undefined) return identityFindings;
  const input = { ...inspection, clientId, identity };
  const readings = furnished.flatMap(({ effects }) => effects.inspect(ports, input));
  const others = await Promise.all(
    [...Map.groupBy(readings, ({ target }) => target)].map(([target, together]) =>
      readable(target, async () => (await Promise.all(together.map(({ read }) => read()))).flat()),
    ),
  );
  return [...identityFindings, ...others.flat()];
}

/** A refusal is itself a finding; a passing fault says nothing and leaves the question open. */
async function readable(target: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return [finding("UNREADABLE", target, { field: "read", expected: null, found: `${error.code}: ${error.message}` })];
  }
}
