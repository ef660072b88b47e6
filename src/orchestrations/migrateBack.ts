import { unfederateIdentity } from "../activities/federatedCredential.ts";
import { applyPodIdentity } from "../activities/podIdentity.ts";
import { removeServiceAccount } from "../activities/serviceAccount.ts";
import { orchestration } from "../durable/orchestration.ts";
import { MigrateInput, runMigration } from "./migration.ts";

/**
 * The way back to pod identity (migration.ts), from wherever a migration has stopped, or after its end. An orchestration of its
 * own, so that a release that knows one way only does not take it for that.
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
        // The credential first, as it was made last.
        *retire(onFailure) {
          undoLater(onFailure, "unfederateIdentity");
          yield* unfederateIdentity({ ...base, serviceAccount }, retry);
          undoLater(onFailure, "removeServiceAccount");
          yield* removeServiceAccount({ ...base, serviceAccount }, retry);
        },
      };
    }),
});
