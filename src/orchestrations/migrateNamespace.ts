import { federateIdentity } from "../activities/federatedCredential.ts";
import { removePodIdentity } from "../activities/podIdentity.ts";
import { applyServiceAccount } from "../activities/serviceAccount.ts";
import { orchestration } from "../durable/orchestration.ts";
import { MigrateInput, runMigration } from "./migration.ts";

/** Moves a namespace from pod identity to workload identity (migration.ts). */
export const migrateNamespace = orchestration({
  name: "migrateNamespace",
  input: MigrateInput,
  run: (context, input) =>
    runMigration(context, input, ({ base, undoLater }) => {
      const { migration, clientId, retry } = input;
      const { serviceAccount, until } = migration;
      const { adoptionPolicy } = input.request;
      const identity = { clientId };
      return {
        // The account comes first: a credential for a missing account would give access to anyone who creates that account.
        *sideBySide(onFailure) {
          undoLater(onFailure, "applyServiceAccount");
          yield* applyServiceAccount({ ...base, serviceAccount, adoptionPolicy, identity }, retry);
          undoLater(onFailure, "federateIdentity");
          yield* federateIdentity({ ...base, serviceAccount, isLast: until === "sideBySide" }, retry);
        },
        *retire(onFailure) {
          undoLater(onFailure, "removePodIdentity");
          yield* removePodIdentity(base, retry);
        },
      };
    }),
});
