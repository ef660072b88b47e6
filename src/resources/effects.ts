/** The same list as index.ts, with what each room does to the world; and what has to have an entry for every step. */
import { namesOf } from "../domain/lookUp.ts";
import type { ResourceStepName } from "../domain/operation/stepName.ts";
import type { TargetKindName } from "../domain/targets/index.ts";
import type { Look } from "./definitions/look.ts";
import type { Room, RoomWithSteps } from "./definitions/room.ts";
import type { RoomEffects } from "./definitions/roomEffects.ts";
import type { TargetSteps } from "./definitions/targetSteps.ts";
import { federatedCredentialEffects } from "./federatedCredential/effects.ts";
import { identityEffects } from "./identity/effects.ts";
import { type RoomName, rooms } from "./index.ts";
import { namespaceEffects } from "./namespace/effects.ts";
import { podIdentityEffects } from "./podIdentity/effects.ts";
import { serviceAccountEffects } from "./serviceAccount/effects.ts";
import { sqlAdminEffects } from "./sqlAdmin/effects.ts";
import { sqlUserEffects, sqlUserSteps } from "./sqlUser/effects.ts";

type StepsIn<R> = R extends RoomWithSteps<infer Name> ? Name : never;

const effects: { readonly [R in RoomName]: RoomEffects<StepsIn<(typeof rooms)[R]>> } = {
  sqlAdmin: sqlAdminEffects,
  identity: identityEffects,
  sqlUser: sqlUserEffects,
  namespace: namespaceEffects,
  serviceAccount: serviceAccountEffects,
  podIdentity: podIdentityEffects,
  federatedCredential: federatedCredentialEffects,
};

/** Of each step and undo of a room: what it finds and would do. */
export const resourceLooks: Readonly<Record<ResourceStepName, Look>> = {
  ...effects.sqlAdmin.looks,
  ...effects.identity.looks,
  ...effects.sqlUser.looks,
  ...effects.namespace.looks,
  ...effects.serviceAccount.looks,
  ...effects.podIdentity.looks,
  ...effects.federatedCredential.looks,
};

/** By kind of target, the steps that its activities run. */
export const targetSteps: Readonly<Record<TargetKindName, TargetSteps>> = { sqlDatabase: sqlUserSteps };

type Parts = Omit<RoomEffects, "looks">;

export interface Furnished {
  readonly room: Room;
  readonly effects: Parts;
}

/** Every room with its effects, in the order of the list. */
export const furnished: readonly Furnished[] = namesOf(rooms).map((name) => ({
  room: rooms[name],
  effects: effects[name],
}));
