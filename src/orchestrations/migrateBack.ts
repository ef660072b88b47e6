import { unfederateIdentity } from "../activities/federatedCredential.ts";
import { applyPodIdentity } from "../activities/podIdentity.ts";
import { removeServiceAccount } from "../activities/serviceAccount.ts";
import { orchestration } from "../durable/orchestration.ts";
import { MigrateInput, runMigration } from "./migration.ts";

/**
 * Moves a namespace back to pod identity (migration.ts), from wherever a migration stopped, or after its end. It is a separate
 * orchestration, so that an older release, which knows only the other direction, does not mistake it for that.
 */
export const migrateBack = orchestration({
  name: "migrateBack",
  input: MigrateInput,
  run: (context, input) =>
    runMigration(context, input, ({ base, undoLater }) => {
      const { migration, clientId, retry } = input;
      const { serviceAccount, selector, until } = migration;
      const { adoptionPolicy } = input.request;
      const identity = { clientId };
      return {
        *sideBySide(onFailure) {
          undoLater(onFailure, "applyPodIdentity");
          const isLast = until === "sideBySide";
          yield* applyPodIdentity({ ...base, selector, adoptionPolicy, identity, isLast }, retry);
        },
        // The credential goes first because it was created last.
        *retire(onFailure) {
          undoLater(onFailure, "unfederateIdentity");
          yield* unfederateIdentity({ ...base, serviceAccount }, retry);
          undoLater(onFailure, "removeServiceAccount");
          yield* removeServiceAccount({ ...base, serviceAccount }, retry);
        },
      };
    }),
});
