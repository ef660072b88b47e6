/**
 * Everything that Mooring makes. What steps an operation has, which undos, how long it takes, what is looked at, exported and
 * removed: each goes over this list, in this order. How each is done is in effects.ts.
 */
import type { ProcessStepName, StepName } from "../domain/operation/stepName.ts";
import type { Room, StepFacts } from "./definitions/room.ts";
import { targetRoom } from "./definitions/targetRoom.ts";
import { federatedCredential } from "./federatedCredential/federatedCredential.ts";
import { identity } from "./identity/identity.ts";
import { namespace } from "./namespace/namespace.ts";
import { podIdentity } from "./podIdentity/podIdentity.ts";
import { serviceAccount } from "./serviceAccount/serviceAccount.ts";
import { sqlAdmin } from "./sqlAdmin/sqlAdmin.ts";

export const rooms = {
  sqlAdmin,
  identity,
  /** The identity as a user in each database, with what the role bundles give there. */
  sqlUser: targetRoom("sqlDatabase"),
  namespace,
  serviceAccount,
  podIdentity,
  federatedCredential,
};
export type RoomName = keyof typeof rooms;
export const everyRoom: readonly Room[] = Object.values(rooms);

const processSteps: Readonly<Record<ProcessStepName, StepFacts>> = {
  preflight: { of: "namespace", stage: "look", takes: { least: 0.3, most: 5 } },
  checkNamespace: { of: "namespace", stage: "look" },
  checkDependants: { of: "namespace", stage: "look" },
  takeInventory: { of: "namespace", stage: "look" },
  checkPods: { of: "namespace" },
  cutOver: { of: "namespace" },
  undoCutOver: { of: "namespace" },
  removeLeftovers: { of: "namespace" },
  verify: { of: "namespace", takes: { least: 0.5, most: 10 }, waitsForJob: true },
  verifySideBySide: { of: "namespace", takes: { least: 0.5, most: 10 }, waitsForJob: true },
  verifyRemoval: { of: "namespace", takes: { least: 0.5, most: 10 }, waitsForJob: true },
};

export const stepFacts: Readonly<Record<StepName, StepFacts>> = {
  ...processSteps,
  ...rooms.sqlAdmin.steps,
  ...rooms.identity.steps,
  ...rooms.sqlUser.steps,
  ...rooms.namespace.steps,
  ...rooms.serviceAccount.steps,
  ...rooms.podIdentity.steps,
  ...rooms.federatedCredential.steps,
};

/** Of what was read from the registry, where a step of another release may stand. */
export function isStepName(name: string): name is StepName {
  return Object.hasOwn(stepFacts, name);
}
