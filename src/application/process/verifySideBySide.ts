import { z } from "zod";
import { PermanentError } from "../../domain/errors.ts";
import { Finding, keep } from "../../domain/finding.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { besideOf, Migration, migrated } from "../../domain/operation/migration.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { migratingOf } from "../../resources/definitions/operationFacts.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { proveNamespace, throwErrors } from "../inspection/proveNamespace.ts";

/** Proves the new mode while the old one is still in place. Here, a login that could not be tried also counts as a failure. */
export const verifySideBySide = defineStep({
  name: "verifySideBySide",
  duration: { least: 0.5, most: 10 },
  waitsForJob: true,
  target: "namespace",
  given: { request: OnboardingRequest, migration: Migration, clientId: ClientId },
  output: StepResult.extend({ findings: z.array(Finding) }),
  from: migratingOf,
  async run({ operation, request, migration, clientId }, ports, step) {
    const next = migrated(request, migration);
    const inspection = { request: next, clientId, modeBeside: besideOf(next, migration) };
    const { findings } = await proveNamespace(ports, inspection, `${operation}-side-by-side`);
    throwErrors(findings);
    const unproven = findings.find(({ code }) => code === "LOGIN_UNPROVEN");
    if (unproven) throw new PermanentError("VERIFICATION_FAILED", `The login could not be tried: ${unproven.found}`);
    if (migration.until === "verify") await step.commit();
    return { action: "none", findings: [...keep(findings)] };
  },
});
