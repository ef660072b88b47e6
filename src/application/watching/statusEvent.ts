import { defined } from "../../domain/defined.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { OperationStatus, Phase } from "../../domain/operation/operation.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";

type Subject = Pick<OperationRecord, "id" | "cluster" | "namespace" | "kind"> & {
  readonly traceparent?: Traceparent | undefined;
};

/** The change itself is the event's ID, so that repeated sends are one message (duplicate detection on the topic). */
export async function publishStatus(
  { events }: Pick<Ports, "events">,
  { id, cluster, namespace, kind, traceparent }: Subject,
  { status, phase }: { status: OperationStatus; phase: Phase },
): Promise<void> {
  await events.publish({
    specversion: "1.0",
    id: `${id}/${status}`,
    source: "/mooring",
    type: "mooring.operation.status-changed.v1",
    subject: namespaceKey({ cluster, namespace }),
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    ...defined({ traceparent }),
    data: { operation: id, kind, status, phase },
  });
}
