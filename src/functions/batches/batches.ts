import { z } from "zod";
import { expectOperator } from "../../application/admission/admission.ts";
import { acceptBatch, acceptNamespaceBatch } from "../../application/batch/acceptBatch.ts";
import { chooseNamespaces } from "../../application/batch/chooseNamespaces.ts";
import { planBatch } from "../../application/dryRun/planBatch.ts";
import { planNamespaceBatch } from "../../application/dryRun/planNamespaceBatch.ts";
import { readNamespaceBatch, readRequests } from "../../application/requests/readBatch.ts";
import { AcceptedDocument } from "../../domain/documents/accepted.ts";
import { anyIdentity } from "../../domain/naming/identityPair.ts";
import { BatchBody, BatchPlan, maxBatchBytes } from "../../domain/operation/batch.ts";
import { NamespaceBatchBody } from "../../domain/operation/namespaceBatch.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { expectSelection, selectionOf, selectionOfRequests } from "../../http/changes/selection.ts";
import { declareRoute } from "../../http/declaration.ts";
import { acceptedResponse, body, problem } from "../../http/docs/answers.ts";
import { acceptedBatch, batchPlan, batchRequest, offboardNamed, repairFound } from "../../http/docs/examples.ts";
import { sentBody } from "../../http/parameters/body.ts";
import { change } from "../../http/parameters/change.ts";
import { confirmRemoval } from "../../http/parameters/confirmRemoval.ts";
import { flag } from "../../http/parameters/flag.ts";
import { queryOf } from "../../http/parameters/query.ts";
import { at } from "../../http/place.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

/** The lanes pace the work on a batch, so a batch costs what accepting it costs; plans are made while the caller waits. */
const requestsPerToken = 20;

const acceptedOfBatch = {
  ...acceptedResponse,
  ...body(acceptedResponse.description, AcceptedDocument, { acceptedBatch }),
};
const tooLarge = problem("The body is larger than 1 MB.", "PAYLOAD_TOO_LARGE");

export const createNamespaceBatch = declareRoute({
  operationId: "createNamespaceBatch",
  method: "POST",
  at: at("/api/namespaces/batch"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Namespaces",
  summary: "Verify, repair, migrate or offboard up to 1,000 namespaces as one operation, or plan it with dryRun=true",
  description:
    "Mooring chooses the namespaces once, when it accepts the batch: by the filter of GET /api/namespaces, by name, or all that the caller may see. Each namespace gets an operation of its own; a verification has only an outcome. A namespace that is busy at its turn, has changed or is gone fails alone, and the rest continues. Send the plan's `etag` as If-Match to work only on what was planned: it changes when a namespace enters or leaves the selection, or is changed or made again, and not when it is repaired or verified.",
  reads: [change, sentBody(NamespaceBatchBody, { repairFound, offboardNamed }, maxBatchBytes)],
  answers: {
    200: body("The plan of each chosen namespace, and how long all would take; nothing was written.", BatchPlan, {
      batchPlan,
    }),
    202: acceptedOfBatch,
    409: problem(
      "No namespace matches the filter, or the first request with the same idempotency key is still being answered.",
      "NOTHING_CHOSEN",
    ),
    413: tooLarge,
    422: problem(
      "A field is wrong, the namespaces are not selected in exactly one way, or the filter matches more than 1,000.",
      "INVALID_REQUEST",
    ),
  },
});

export const createBatch = declareRoute({
  operationId: "createBatch",
  method: "POST",
  at: at("/api/onboardings/batch"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Onboardings",
  summary: "Onboard or change up to 1,000 namespaces as one operation, or plan it with dryRun=true",
  description:
    "The body can have up to 1 MB. If any request is malformed, names what the catalog does not have, or asks for what the caller may not have, the answer names every error and nothing is accepted. The state of a namespace decides the outcome of that namespace alone. Send the plan's `etag` as If-Match to onboard only if the namespaces are still as they were planned for. A request that leaves out what its namespace has fails alone, unless the batch has confirmRemoval=true or that If-Match.",
  reads: [
    change,
    confirmRemoval,
    flag(
      "checkOnly",
      "true only looks for mistakes in the requests, as if they were sent. No request is wrong if the answer is 204.",
    ),
    queryOf(
      z.object({
        adoptIdentity: z.literal(anyIdentity).optional().meta({
          description:
            "Operators only: what has a namespace's mark, and is of an identity that no record knows (`IDENTITY_UNRECORDED`), counts as the namespace's. A dry run lists it.",
        }),
      }),
    ),
    sentBody(BatchBody, { batchRequest }, maxBatchBytes),
  ],
  answers: {
    204: { description: "With checkOnly=true: no request is wrong. Nothing was planned or written." },
    200: body(
      "The plan of each namespace, how long each would take, and how long all the ready ones would; nothing was written.",
      BatchPlan,
      { batchPlan },
    ),
    202: acceptedOfBatch,
    409: problem("The first request with the same idempotency key is still being answered.", "IDEMPOTENCY_IN_PROGRESS"),
    413: tooLarge,
    422: problem("Fields are wrong, or a namespace appears twice; `errors` lists up to 100.", "INVALID_REQUEST"),
  },
});

export function registerBatches(ports: Ports, routes: Routes): void {
  routes.serve(createBatch, async (call, asked, isRemovalConfirmed, isCheck, { adoptIdentity }, sent) => {
    const { context, by, charge } = call;
    const read = readRequests({ catalog: ports.catalog, by }, sent);
    if (isCheck) return { status: 204 };
    const requests = read.map(({ request }) => request);
    const sentAs = read.map((each) => each.sentAs);
    if (adoptIdentity !== undefined) expectOperator(by, "adoptIdentity");
    charge(asked.isDryRun ? requests.length - 1 : Math.ceil(requests.length / requestsPerToken) - 1);
    const select = () => selectionOfRequests({ ports, by }, requests);
    const expect = async () => {
      if (asked.condition.isGiven) expectSelection(asked.condition, await select());
    };
    return await answerChange(ports, call, asked, {
      sent,
      event: "batch accepted",
      facts: { requests: requests.length },
      async plan() {
        const selection = await select();
        expectSelection(asked.condition, selection);
        const plan = await planBatch({ ports, by, warn: context.warn.bind(context) }, requests, {
          sentAs,
          adoptIdentity,
        });
        return { ...plan, etag: selection.tag } satisfies BatchPlan;
      },
      accept: async (acceptance) =>
        begun(
          await acceptBatch(acceptance, requests, acceptance.operation, {
            ...{ sentAs, isRemovalConfirmed, adoptIdentity, expect },
          }),
        ),
    });
  });

  routes.serve(createNamespaceBatch, async (call, asked, sent) => {
    const { by, charge } = call;
    const { work, which } = readNamespaceBatch(sent);
    if (work.action === "repair" && work.adoptIdentity !== undefined) expectOperator(by, "adoptIdentity");
    const choose = async () => {
      const chosen = await chooseNamespaces(ports, by, which, work);
      const selection = selectionOf(work, chosen);
      expectSelection(asked.condition, selection);
      return { chosen, etag: selection.tag };
    };
    const chooseAndCharge = async () => {
      const { chosen } = await choose();
      charge(Math.ceil(chosen.length / requestsPerToken) - 1);
      return chosen;
    };
    return await answerChange(ports, call, asked, {
      sent,
      event: "batch accepted",
      facts: { action: work.action },
      async plan() {
        const { chosen, etag } = await choose();
        if (work.action !== "verify") charge(chosen.length - 1);
        return { ...(await planNamespaceBatch({ ports, by }, work, chosen)), etag } satisfies BatchPlan;
      },
      accept: async (acceptance) =>
        begun(await acceptNamespaceBatch(acceptance, { work, choose: chooseAndCharge }, acceptance.operation)),
    });
  });
}

function begun(operation: string) {
  return { operation, kind: "batch", isNew: true } as const;
}
