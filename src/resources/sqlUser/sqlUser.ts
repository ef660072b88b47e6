import { defineRoom } from "../definitions/room.ts";
import { targetFacts, targetRoom } from "../definitions/targetRoom.ts";

/** The identity as a user in a database, with what the role bundles give there. */
export const sqlUser = defineRoom({
  ...targetRoom("sqlDatabase"),
  steps: {
    grantDatabase: targetFacts.grant,
    narrowDatabase: targetFacts.narrow,
    retireDatabase: targetFacts.retire,
    revokeDatabase: targetFacts.revoke,
  },
});
