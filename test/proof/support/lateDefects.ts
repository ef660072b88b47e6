/** Defects that the schedules of late landings must find (plantSource.ts). Nothing here may import the source. */
import { edit, type PlantedDefect } from "./sourceEdits.ts";

export const lateDefects: Readonly<Record<string, PlantedDefect>> = {
  "a home that does not look for what its guests have left": {
    edits: edit(
      "src/resources/federatedCredential/leftByGuests.ts",
      "if (isGuest(user)) return [];",
      "if (!isGuest(user)) return [];",
    ),
    finds: /left the credential of a guest/,
  },
  "a home that does not look for the bindings that its guests have left": {
    edits: edit(
      "src/resources/identityBinding/leftByGuests.ts",
      "if (!bound.some(isOfGuest)) return none;",
      "if (bound) return none;",
    ),
    finds: /left the binding of a guest/,
    // An earlier one shows it otherwise: the home cannot leave.
    from: 150,
  },
  "a home that does not look for the rights that its guests have left": {
    edits: edit(
      "src/resources/identityUse/leftByGuests.ts",
      "if (isGuest(user)) return [];",
      "if (!isGuest(user)) return [];",
    ),
    finds: /left the right of a guest/,
  },
  "what follows a write that Azure has accepted counts as its answer": {
    edits: edit("src/domain/errors.ts", "if (isKnown(error)) error.isAfterAcceptance = true;", ""),
    finds: /left behind: /,
    from: 150,
  },
  // It was there once, and few schedules show it.
  "cancels that come faster than looks make the undos look without end": {
    edits: edit(
      "src/durable/persist.ts",
      "if (isWoken && open.length > 0) yield* pause(context, policy.firstIntervalMs);",
      "",
    ),
    finds: /is not done after \d+ turns/,
    from: 1_150,
  },
};
