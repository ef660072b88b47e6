/**
 * Why an answer could not be read, once the program has failed on it. The schemas are loaded only then: on the way they would
 * double the startup time, and the service's own tests check its answers against them.
 */

import type { Schema } from "../../clients/load.ts";
import { messageOf } from "../../src/domain/messageOf.ts";
import { NotMooring } from "../failures.ts";
import type { Heard, Hearing } from "./hearing.ts";

/** Undefined if all of them are as they should be: then the failure is a defect of this program. */
export async function findMalformed(server: URL, { last }: Hearing, cause: unknown): Promise<NotMooring | undefined> {
  for (const { from, expected, document } of last) {
    const schema = expected && (await schemaOf(expected));
    // The sandbox's answers about itself have no schema.
    const wrong = expected ? describeIssue(schema?.safeParse(document).error) : messageOf(cause);
    if (wrong === undefined) continue;
    return new NotMooring(`${server.origin} answered ${from} with a document that is not Mooring's: ${wrong}.`, {
      status: 200,
      next: [
        "Look at --server or MOORING_SERVER, and whether the service has a release that this program does not know.",
      ],
    });
  }
  return undefined;
}

function describeIssue(error: ReturnType<Schema["safeParse"]>["error"] | undefined): string | undefined {
  const [issue] = error?.issues ?? [];
  if (!issue) return undefined;
  const place = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return place === "" ? issue.message : `${place}: ${issue.message}`;
}

async function schemaOf(expected: NonNullable<Heard["expected"]>): Promise<Schema | undefined> {
  if ("event" in expected) return await schemaOfEvent(expected.event);
  const { routes } = await import("../../clients/routes.ts");
  const documents: { readonly [Status in 200 | 202]?: () => Promise<Schema> } = routes[expected.route].documents;
  return await (expected.isPlan ? documents[200] : (documents[202] ?? documents[200]))?.();
}

async function schemaOfEvent(event: string): Promise<Schema | undefined> {
  const { AnyChange, ItemChange, OperationEnd, StepChange } = await import("../../src/domain/documents/feed.ts");
  return { operation: AnyChange, step: StepChange, item: ItemChange, end: OperationEnd }[event];
}
