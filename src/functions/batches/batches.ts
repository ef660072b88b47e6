import { input } from "durable-functions";
import { chooseNamespaces } from "../../application/batch/chooseNamespaces.ts";
import type { BatchPlan } from "../../domain/operation/batch.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { acceptanceContextOf } from "../acceptance/acceptanceContext.ts";
import { namesVersion } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readFlag } from "../http/readBody.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { acceptBatch, acceptNamespaceBatch } from "./acceptBatch.ts";
import { planBatch } from "./planBatch.ts";
import { planNamespaceBatch } from "./planNamespaceBatch.ts";
import { readBatch, readNamespaceBatch } from "./readBatch.ts";
import { expectSelection, hasCondition, selectionOf, selectionOfRequests } from "./selection.ts";

/** The lanes pace the work on a batch, so a batch costs what accepting it costs; plans are made while the caller waits. */
const requestsPerToken = 20;

export function registerBatches(ports: Ports, routes: Routes): void {
  routes.add("createBatch", {
    route: "api/onboardings/batch",
    method: "POST",
    query: ["dryRun", "confirmRemoval"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (request, { context, traceparent, by, charge }) => {
      const isDryRun = readFlag(request, "dryRun");
      const isRemovalConfirmed = readFlag(request, "confirmRemoval") || namesVersion(request);
      const { body, requests, sentAs } = await readBatch(request, { catalog: ports.catalog, by });
      charge(isDryRun ? requests.length - 1 : Math.ceil(requests.length / requestsPerToken) - 1);
      const select = () => selectionOfRequests({ ports, by }, requests);
      if (isDryRun) {
        const selection = await select();
        expectSelection(request, selection);
        const plan = await planBatch({ ports, by, warn: context.warn.bind(context) }, requests, { sentAs });
        return json(200, { ...plan, etag: selection.tag } satisfies BatchPlan);
      }
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      const expect = async () => {
        if (hasCondition(request)) expectSelection(request, await select());
      };
      return await answerOnce(ports.idempotencyKeys, { request, by, body, context }, async ({ operation }) => {
        const id = await acceptBatch(acceptance, requests, operation, { sentAs, isRemovalConfirmed, expect });
        const facts = { operation: id, requests: requests.length };
        context.log(logLine("batch accepted", facts));
        return accepted(request, id, { id, kind: "batch", isNew: true });
      });
    }),
  });

  routes.add("createNamespaceBatch", {
    route: "api/namespaces/batch",
    method: "POST",
    query: ["dryRun"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (request, { context, traceparent, by, charge }) => {
      const isDryRun = readFlag(request, "dryRun");
      const { body, work, which } = await readNamespaceBatch(request);
      const choose = async () => {
        const chosen = await chooseNamespaces(ports, by, which);
        const selection = selectionOf(work, chosen);
        expectSelection(request, selection);
        return { chosen, etag: selection.tag };
      };
      if (isDryRun) {
        const { chosen, etag } = await choose();
        if (work.action !== "verify") charge(chosen.length - 1);
        const plan = await planNamespaceBatch({ ports, by }, work, chosen);
        return json(200, { ...plan, etag } satisfies BatchPlan);
      }
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      return await answerOnce(ports.idempotencyKeys, { request, by, body, context }, async ({ operation }) => {
        const chooseAndCharge = async () => {
          const { chosen } = await choose();
          charge(Math.ceil(chosen.length / requestsPerToken) - 1);
          return chosen;
        };
        const id = await acceptNamespaceBatch(acceptance, { work, choose: chooseAndCharge }, operation);
        const facts = { operation: id, action: work.action };
        context.log(logLine("batch accepted", facts));
        return accepted(request, id, { id, kind: "batch", isNew: true });
      });
    }),
  });
}
