/** Proof: reads everything back and compares it with the request, whatever the steps reported. */
import { setTimeout as sleep } from "node:timers/promises";
import { PermanentError } from "../../domain/errors.ts";
import { breaksAccess, describeFinding, type Finding, isError } from "../../domain/finding.ts";
import type { Ports } from "../../ports/index.ts";
import type { Inspection } from "../../resources/definitions/inspection.ts";
import { type Inspected, readNamespace } from "./inspection.ts";
import { tryLogin } from "./verificationJob.ts";

/** Reads everything back and, if it is in order and the catalog allows it, logs in as the workload does. */
export async function proveNamespace(ports: Ports, inspection: Inspection, run: string): Promise<Inspected> {
  // Until its end, a change leaves what Mooring gave for the request that it replaces.
  const isLeft = ({ code }: Finding) => code === "GRANT_SURPLUS" && inspection.earlier !== undefined;
  const { findings, things } = await readTwice(ports, inspection, (each) => isError(each) && !isLeft(each));
  if (findings.some(breaksAccess)) return { findings, things };
  return { findings: [...findings, ...(await tryLogin(ports, inspection.request, run))], things };
}

/** Looks again before it reports an error; `things` are those of the last look. */
export async function readTwice(
  ports: Ports,
  inspection: Inspection,
  isWrong?: (finding: Finding) => boolean,
): Promise<Inspected> {
  let things: Inspected["things"] = [];
  const findings = await lookTwice(async () => {
    const read = await readNamespace(ports, inspection);
    things = read.things;
    return read.findings;
  }, isWrong);
  return { findings, things };
}

export function throwErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(breaksAccess);
  if (errors.length > 0) throw new PermanentError("VERIFICATION_FAILED", errors.map(describeFinding).join(" "));
}

const secondLookMs = 500;

/** Looks again before it reports an error: a read may come from a replica that is a moment behind. */
export async function lookTwice<T>(
  look: () => Promise<readonly T[]>,
  isWrong: (found: T) => boolean = () => true,
): Promise<readonly T[]> {
  const first = await look();
  if (!first.some(isWrong)) return first;
  await sleep(secondLookMs);
  return await look();
}
