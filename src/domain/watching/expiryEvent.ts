import { createHash } from "node:crypto";
import { defined, unlessEmpty } from "../defined.ts";
import { namespaceKey } from "../naming/names.ts";
import { endingAt } from "../operation/expiry.ts";
import type { FreeRecord } from "../operation/namespaceRecord.ts";
import { endedAt } from "../request/expiry.ts";
import type { ExpiryApproaching } from "./events.ts";

/** The ID identifies this end of this namespace's access, so that publishing it again sends the same event. */
export function expiryEvent(record: FreeRecord, end: string, time: string): ExpiryApproaching {
  const subject = namespaceKey(record);
  const id = createHash("sha256")
    .update(`${subject}\n${record.onboardedBy ?? record.operation}\n${end}`)
    .digest("hex");
  const ending = endingAt(record, end);
  const targets = ending?.by === "offboard" ? [] : endedAt(record.request, end);
  return {
    specversion: "1.0",
    id: `expiry-${id.slice(0, 32)}`,
    source: "/mooring",
    type: "mooring.namespace.expiry-approaching.v1",
    subject,
    time,
    datacontenttype: "application/json",
    data: { expiresTime: end, ...defined({ targets: unlessEmpty([...targets]) }) },
  };
}
