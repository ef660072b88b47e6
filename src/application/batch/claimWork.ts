/** How an item claims its namespace: by its own request, or for the action that the batch applies to every namespace. */
import { defined } from "../../domain/defined.ts";
import { isFree } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { BatchAsk, BatchRecord } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import { type Claim, claimOnboarding, freeAnd, withOnboardingOperation } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { claimOffboarding, claimUpkeep } from "../admission/claimExisting.ts";
import { goesTo, prepareMigration } from "../migration/prepareMigration.ts";
import { expectSeen } from "./chooseNamespaces.ts";

export async function claimWork(
  claimContext: ClaimContext,
  { work, isRemovalConfirmed = true, adoptIdentity }: BatchRecord,
  ask: BatchAsk,
): Promise<Claim> {
  const expect = (record: NamespaceRecord) => expectSeen(ask, record);
  switch (work?.action) {
    case "repair":
      return await claimUpkeep(claimContext, "Repairing", {
        namespaceRef: ask,
        prepare(record) {
          expect(record);
          return defined({ adoptIdentity: work.adoptIdentity });
        },
      });
    case "migrate":
      return await whereItIs(claimContext, ask, () =>
        claimUpkeep(claimContext, "Migrating", {
          namespaceRef: ask,
          isAsked: goesTo(work),
          prepare(record) {
            expect(record);
            return { migration: prepareMigration(claimContext.ports, record, work) };
          },
        }),
      );
    case "offboard": {
      const { ignoreDependants } = work;
      return await claimOffboarding(claimContext, ask, { expect: freeAnd(expect), ignoreDependants });
    }
    default:
      if (!ask.request) throw new Error(`nothing is known of what the item ${ask.namespace} asks for`);
      return await claimOnboarding(claimContext, ask.request, { isRemovalConfirmed, adoptIdentity });
  }
}

/** Among many namespaces, some already have the identity mode to which the others migrate. */
async function whereItIs({ ports }: ClaimContext, ask: BatchAsk, claim: () => Promise<Claim>): Promise<Claim> {
  try {
    return await claim();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "NOTHING_TO_MIGRATE") throw error;
    const record = await ports.registry.getNamespace(ask);
    if (!record || !isFree(record)) throw error;
    return { record: withOnboardingOperation(record), how: "unchanged" };
  }
}

/** The holder may be waiting for a person's decision, for any length of time; the outcome has to say so. */
export async function explainHolder({ registry }: Pick<Ports, "registry">, error: unknown): Promise<unknown> {
  if (!(error instanceof Refusal) || error.code !== "OPERATION_IN_PROGRESS") return error;
  const { operation } = error.details;
  const record = operation === undefined ? undefined : await registry.getOperation(operation);
  if (!record?.approval || record.approval.decision) return error;
  return new Refusal(error.code, `${error.message} It waits for an approval.`, error.details, { cause: error });
}
