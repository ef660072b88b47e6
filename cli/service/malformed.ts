/**
 * Why an answer could not be read, once the program has failed on it. The schemas are loaded only then: on the way they would
 * double the startup time, and the service's own tests check its answers against them.
 */

import { messageOf } from "../../src/domain/messageOf.ts";
import { NotMooring } from "../failures.ts";
import type { Heard, Hearing } from "./hearing.ts";

/** The part of a zod schema that is used here. */
interface Schema {
  safeParse(value: unknown): { readonly error?: { readonly issues: readonly Issue[] } | undefined };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Undefined if all of them are as they should be: then the failure is a defect of this program. */
export async function findMalformed(server: URL, { last }: Hearing, cause: unknown): Promise<NotMooring | undefined> {
  for (const heard of last) {
    const { call, event, document } = heard;
    const schema = await schemaOf(heard);
    const wrong = schema ? describeIssue(schema.safeParse(document).error) : describeFailure(call, cause);
    if (wrong === undefined) continue;
    const what = event === undefined ? `${call.method} ${call.path}` : `the event ${event} of ${call.path}`;
    return new NotMooring(`${server.origin} answered ${what} with a document that is not Mooring's: ${wrong}.`, {
      status: 200,
      next: [
        "Look at --server or MOORING_SERVER, and whether the service has a release that this program does not know.",
      ],
    });
  }
  return undefined;
}

function describeIssue(error: ReturnType<Schema["safeParse"]>["error"]): string | undefined {
  const [issue] = error?.issues ?? [];
  if (!issue) return undefined;
  const place = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return place === "" ? issue.message : `${place}: ${issue.message}`;
}

/** The sandbox's answers about itself have no schema. */
function describeFailure({ path }: Heard["call"], cause: unknown): string | undefined {
  if (!path.startsWith("/sandbox/")) return undefined;
  return messageOf(cause);
}

async function schemaOf({ call, event }: Heard): Promise<Schema | undefined> {
  const { method, path, query = {} } = call;
  if (event !== undefined) return await schemaOfEvent(event);
  if (method !== "GET") {
    const isPlan = query["dryRun"] === "true";
    if (/\/batch$/.test(path) && isPlan) return (await import("../../src/domain/operation/batch.ts")).BatchPlan;
    if (isPlan) return (await import("../../src/domain/operation/plan.ts")).Plan;
    if (/\/verify$/.test(path)) return (await import("../../src/domain/documents/namespace.ts")).VerificationDocument;
    const { AcceptedDocument, DecisionDocument } = await import("../../src/domain/documents/accepted.ts");
    return /\/(approve|reject|cancel)$/.test(path) ? DecisionDocument : AcceptedDocument;
  }
  const [, kind, ...names] = path.split("/").filter(Boolean);
  switch (kind) {
    case "namespaces": {
      const { NamespaceDocument, NamespacePage } = await import("../../src/domain/documents/namespace.ts");
      return names.length === 0 ? NamespacePage : NamespaceDocument;
    }
    case "operations": {
      const { AnyOperationDocument, OperationPage } = await import("../../src/domain/documents/operation.ts");
      return names.length === 0 ? OperationPage : AnyOperationDocument;
    }
    case "approvals":
      return (await import("../../src/domain/documents/operation.ts")).AwaitingPage;
    case "audit": {
      const { AuditCheck, AuditPage } = await import("../../src/domain/documents/audit.ts");
      return names.length === 0 ? AuditPage : AuditCheck;
    }
    case "access":
      return names.length === 0
        ? (await import("../../src/domain/documents/access.ts")).AccessPage
        : (await import("../../src/domain/documents/otherAccess.ts")).OtherAccessPage;
    case "catalog":
      return (await import("../../src/domain/documents/catalog.ts")).CatalogDocument;
    default:
      return undefined;
  }
}

async function schemaOfEvent(event: string): Promise<Schema | undefined> {
  const { AnyChange, ItemChange, OperationEnd, StepChange } = await import("../../src/domain/documents/feed.ts");
  return { operation: AnyChange, step: StepChange, item: ItemChange, end: OperationEnd }[event];
}
