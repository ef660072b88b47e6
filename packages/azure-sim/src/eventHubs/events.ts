/** Events as senders write them and as readers get them: byte for byte, with the annotations of the service. */
import rhea from "rhea";
import { type Content, mergeEntries, readContent, splitTransfer } from "../amqp/content.ts";
import { findSection, joinSections, sectionCode, splitSections } from "../amqp/sections.ts";
import type { StoredEvent } from "./hub.ts";

/** The limit of the Standard tier. */
export const maxEventBytes = 1024 * 1024;

export interface SentEvent {
  readonly content: Content;
  readonly key: string | undefined;
  readonly size: number;
}

export function readEvents(payload: unknown, format: number): readonly SentEvent[] {
  return splitTransfer(payload, format, maxEventBytes).map((each) => {
    const content = readContent(each);
    const key: unknown = content.message.message_annotations?.["x-opt-partition-key"];
    return {
      content,
      key: typeof key === "string" ? key : undefined,
      size: Buffer.isBuffer(each) ? each.length : 0,
    };
  });
}

export function encodeEvent({ content, sequenceNumber, offset, enqueuedAt }: StoredEvent): Buffer {
  const own = splitSections(
    rhea.message.encode({
      body: null,
      message_annotations: {
        "x-opt-sequence-number": rhea.types.wrap_long(sequenceNumber),
        "x-opt-offset": String(offset),
        "x-opt-enqueued-time": rhea.types.wrap_timestamp(enqueuedAt),
      },
    }),
  );
  const code = sectionCode.messageAnnotations;
  return joinSections(mergeEntries(content.sections, code, findSection(own, code)));
}
