/** Operations that do things in the wrong order, twice, or not at all. */
import { handOver, isHeld } from "../../../../src/domain/operation/lifecycle.ts";
import { orchestration } from "../../../../src/durable/orchestration.ts";
import { type OnFailure, saga } from "../../../../src/durable/saga.ts";
import { conclude, OperationInput, setPhase } from "../../../../src/orchestrations/operation.ts";
import { untilProof } from "../../../../src/orchestrations/provision.ts";
import type { Ports } from "../../../../src/ports/index.ts";
import { type Defects, eventful, leaks } from "./defect.ts";

/** Registers each undo too late: a step that failed after it took effect is never undone. */
const undoAfterStep = orchestration({
  name: "undoAfterStep",
  input: OperationInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "onboard" }, () =>
      saga((onFailure) => untilProof(context, input, { kind: "onboard", onFailure: late(onFailure) }), {
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

/** Runs forward again although it was being undone. */
const forwardAgain = orchestration({
  name: "forwardAgain",
  input: OperationInput,
  run: (context, { resumed, ...input }) =>
    conclude(context, { ...input, kind: "onboard" }, () => {
      const { failure: _why, ...rest } = resumed ?? { undos: [], isCommitted: false, hasChanged: false };
      return saga((onFailure) => untilProof(context, { ...input, resumed: rest }, { kind: "onboard", onFailure }));
    }),
});

/** Gives what the other team asks for before it takes away what the first team has. */
const giveFirst = orchestration({
  name: "giveFirst",
  input: OperationInput,
  run: (context, { takesOver: _both, ...input }) =>
    conclude(context, { ...input, kind: "change" }, () =>
      saga((onFailure) => untilProof(context, input, { kind: "change", onFailure }), {
        beforeCompensation: () => setPhase(context, "compensating"),
      }),
    ),
});

/** Hands a namespace over when its take-over is accepted. */
function withoutWaiting(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = ({ etag, ...record }) =>
    registry.replaceNamespace({ ...((isHeld(record) && handOver(record)) || record), etag });
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

/** Nothing waits until a namespace that is deleted is gone. */
function withoutGoing({ catalog, ...ports }: Ports): Ports {
  return { ...ports, catalog: { ...catalog, retry: { ...catalog.retry, namespaceDeletionMs: 0 } } };
}

/** Every try of a step passes for its first, so that none finds out that the operation is being undone. */
function withoutAttempts(ports: Ports): Ports {
  const { registry } = ports;
  return {
    ...ports,
    registry: {
      ...registry,
      async startStep(...step) {
        const [operation, key] = step;
        const before = await registry.startStep(...step);
        if (before) await registry.repeatStep(operation, key, before.attempts + 1);
        return undefined;
      },
    },
  };
}

/** Undoes without closing the steps that have not begun. */
function withoutClosing(ports: Ports): Ports {
  const { registry } = ports;
  return { ...ports, registry: { ...registry, closeSteps: (operation) => registry.listSteps(operation) } };
}

/** Resumes an operation as if it had done nothing. */
function withoutSteps(ports: Ports): Ports {
  return { ...ports, registry: { ...ports.registry, listSteps: async () => [] } };
}

/** Claims to have opened the gate without doing so. */
function withoutOpening(ports: Ports): Ports {
  const { registry } = ports;
  const replaceNamespace: typeof registry.replaceNamespace = async (record) =>
    record.state === "Onboarded" && record.onboardedTime !== undefined ? true : registry.replaceNamespace(record);
  return { ...ports, registry: { ...registry, replaceNamespace } };
}

const hasOthers = /, which \S+ got/;

export const operations: Defects = {
  "an undo that is registered after its step": {
    instead: { onboardNamespace: undoAfterStep.orchestrationName },
    finds: leaks,
  },
  "an operation that is taken up and has forgotten what it began": { spoil: withoutSteps, finds: leaks },
  "an operation that is taken up and makes again what it had undone": {
    instead: { onboardNamespace: forwardAgain.orchestrationName },
    spoil: withoutAttempts,
    finds: /and has undone/,
    changes: eventful,
  },
  "a take-over that gives first": {
    instead: { changeNamespace: giveFirst.orchestrationName },
    finds: hasOthers,
    changes: eventful,
  },
  "a take-over that hands over first": { spoil: withoutWaiting, finds: hasOthers, changes: eventful },
  "a removal that does not wait for its namespace": { spoil: withoutGoing, finds: /its namespace is still going/ },
  "an undo that does not close what has not begun": { spoil: withoutClosing, finds: leaks, from: 500 },
  "a gate that is not opened": { spoil: withoutOpening, finds: /stuck as/ },
};
