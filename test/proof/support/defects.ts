/** Defects that the simulation has to find, so that finding nothing in the real code means something. */
import { orchestration } from "../../../src/durable/orchestration.ts";
import { type OnFailure, saga } from "../../../src/durable/saga.ts";
import { conclude, OperationInput, setPhase } from "../../../src/orchestrations/operation.ts";
import { provision } from "../../../src/orchestrations/provision.ts";
import type { Ports } from "../../../src/ports.ts";
import type { SimulateOptions } from "./simulate.ts";

/** Registers each undo later than it should: a step that failed although it had its effect is never undone. */
const undoAfterStep = orchestration({
  name: "undoAfterStep",
  input: OperationInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "onboard" }, () =>
      saga((onFailure) => provision(context, input, { onFailure: late(onFailure), isAll: true }), {
        beforeCompensation: () => setPhase(context, "compensating"),
      }),
    ),
});

function late(onFailure: OnFailure): OnFailure {
  let held: Parameters<OnFailure> | undefined;
  return (...undo) => {
    if (held) onFailure(...held);
    held = undo;
  };
}

/** An identity without its tags, a user without its mark: an undo takes them for somebody else's. */
function withoutMarks(ports: Ports): Ports {
  const { identities, databases } = ports;
  return {
    ...ports,
    identities: { ...identities, put: (ref, settings) => identities.put(ref, { ...settings, tags: {} }) },
    databases: {
      ...databases,
      change: (target, changes) =>
        databases.change(
          target,
          changes.filter(({ kind }) => kind !== "mark"),
        ),
    },
  };
}

/** Deletes what the given name finds, whoever made it. */
function withoutLooking(ports: Ports): Ports {
  const { kubernetes } = ports;
  return {
    ...ports,
    kubernetes: {
      ...kubernetes,
      async apply(cluster, object, options) {
        if (options?.dryRun) return await kubernetes.apply(cluster, object, options);
        const { namespace, name } = object.metadata;
        const ref = { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}) };
        const current = await kubernetes.get(cluster, ref);
        if (current?.metadata.uid) await kubernetes.remove(cluster, ref, { uid: current.metadata.uid });
        return await kubernetes.apply(cluster, object, options);
      },
    },
  };
}

/** A second delivery that is not the same as the first: every credential gets a name of its own. */
function withNewNames(ports: Ports): Ports {
  let count = 0;
  const { identities } = ports;
  return {
    ...ports,
    identities: {
      ...identities,
      putFederatedCredential(ref, credential) {
        count += 1;
        return identities.putFederatedCredential(ref, { ...credential, name: `${credential.name}-${count}` });
      },
    },
  };
}

export const defects: Readonly<Record<string, SimulateOptions>> = {
  "an undo that is registered after its step": { onboarding: undoAfterStep.orchestrationName },
  "a mark that is not written": { spoil: withoutMarks },
  "an object that is replaced without a look": { spoil: withoutLooking },
  "a credential with another name each time": { spoil: withNewNames },
};
