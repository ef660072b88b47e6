/**
 * The sandbox's own HTTP interface below /sandbox (sandbox/README.md): what is in the simulated cloud, which calls arrived,
 * and which faults meet them. The service knows nothing about it: the embedded host forwards these requests.
 */

import { type HttpReply, type HttpRequest, startHttpServer } from "azure-sim/httpServer";
import type { Simulator } from "azure-sim/simulator";
import { z } from "zod";
import type { Cloud } from "../cloud.ts";
import { viewCloud } from "./cloudView.ts";
import { printFault, readFault } from "./faultDocument.ts";
import { viewJournal } from "./journal.ts";
import { expectOwn } from "./origin.ts";
import { pageRoutes } from "./page.ts";
import { Refusal } from "./refusal.ts";

export interface ControlOptions {
  readonly cloud: Cloud;
  /** What GET /sandbox/environment answers. */
  readonly environment: () => unknown;
}

export async function startControl(options: ControlOptions): Promise<Simulator> {
  const routes = createRoutes(options);
  return await startHttpServer({
    faults: options.cloud.faults,
    refuse(head) {
      try {
        expectOwn(head);
        return undefined;
      } catch (error) {
        return replyTo(error);
      }
    },
    body: { most: mostBytes, tooLarge: tooLarge.reply() },
    open: (request) => ({
      // Not a call to the cloud: no fault meets it, and the journal does not list it.
      call: undefined,
      async run() {
        try {
          return await answer(routes, request);
        } catch (error) {
          return replyTo(error);
        }
      },
      fail: () => ({ status: 500 }),
    }),
  });
}

/** A fault has some hundred bytes. */
const mostBytes = 64 * 1024;

const tooLarge = new Refusal(413, {
  code: "PAYLOAD_TOO_LARGE",
  detail: "The body has more than 64 KB.",
  fix: "sandbox/README.md has the fields of each request.",
});

function replyTo(error: unknown): HttpReply {
  if (error instanceof Refusal) return error.reply();
  throw error;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  run(request: HttpRequest, id: string): HttpReply | Promise<HttpReply>;
}

const Latency = z.strictObject({ latencyMs: z.int().min(0).max(60_000) });

function createRoutes({ cloud, environment }: ControlOptions): readonly Route[] {
  const { faults } = cloud;
  const listFaults = () => ({ latencyMs: faults.latencyMs, value: faults.active.map(printFault) });
  return [
    ...pageRoutes,
    { method: "GET", path: /^\/sandbox\/environment$/, run: () => ok(environment()) },
    { method: "GET", path: /^\/sandbox\/cloud$/, run: async () => ok(await viewCloud(cloud)) },
    {
      method: "GET",
      path: /^\/sandbox\/journal$/,
      run: ({ url }) => ok(explain(() => viewJournal(faults, Object.fromEntries(url.searchParams)))),
    },
    { method: "GET", path: /^\/sandbox\/faults$/, run: () => ok(listFaults()) },
    {
      method: "POST",
      path: /^\/sandbox\/faults$/,
      run({ body }) {
        faults.add(explain(() => readFault(JSON.parse(body))));
        return { status: 201, body: listFaults().value.at(-1) };
      },
    },
    {
      method: "DELETE",
      path: /^\/sandbox\/faults$/,
      run() {
        faults.clear();
        return ok(listFaults());
      },
    },
    {
      method: "DELETE",
      path: /^\/sandbox\/faults\/([^/]+)$/,
      run(_request, id) {
        if (faults.remove(id)) return ok(listFaults());
        const fix = "mooring sandbox faults (GET /sandbox/faults) lists those that there are.";
        throw new Refusal(404, { code: "FAULT_NOT_FOUND", detail: `There is no fault "${id}".`, fix });
      },
    },
    {
      method: "GET",
      path: /^\/sandbox\/people$/,
      run: () => ok({ value: cloud.people.map(({ name, oid, roles, teams }) => ({ name, oid, roles, teams })) }),
    },
    {
      method: "POST",
      path: /^\/sandbox\/people\/([^/]+)\/token$/,
      async run(_request, name) {
        const person = cloud.people.find((each) => each.name === name);
        if (person) return ok({ token: await cloud.tokenOf(person) });
        const known = cloud.people.map((each) => each.name).join(", ");
        throw new Refusal(404, {
          code: "PERSON_NOT_FOUND",
          detail:
            known === "" ? "This sandbox does not authenticate callers." : `There is no "${name}"; there are ${known}.`,
          fix:
            known === ""
              ? "Start it with --auth, or with a catalog that has auth: mooring up --auth"
              : "Name one of them: mooring sandbox token requester",
        });
      },
    },
    {
      method: "POST",
      path: /^\/sandbox\/latency$/,
      run({ body }) {
        faults.latencyMs = explain(() => Latency.parse(JSON.parse(body))).latencyMs;
        return ok(listFaults());
      },
    },
  ];
}

function answer(routes: readonly Route[], request: HttpRequest): HttpReply | Promise<HttpReply> {
  const { method, url } = request;
  const there = routes.filter(({ path }) => path.test(url.pathname));
  const route = there.find((each) => each.method === method);
  if (route) return route.run(request, route.path.exec(url.pathname)?.[1] ?? "");
  const fix = "sandbox/README.md has every route of the sandbox.";
  if (there.length === 0)
    throw new Refusal(404, { code: "ROUTE_NOT_FOUND", detail: `There is no ${url.pathname}.`, fix });
  const refusal = new Refusal(405, { code: "METHOD_NOT_ALLOWED", detail: `${url.pathname} has no ${method}.`, fix });
  const allow = there.map((each) => each.method).join(", ");
  const reply = refusal.reply();
  return { ...reply, headers: { ...reply.headers, allow } };
}

function ok(body: unknown): HttpReply {
  return { status: 200, headers: { "cache-control": "no-store" }, body };
}

/** Answers 400 when a body or a query cannot be read. */
function explain<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : "";
    throw new Refusal(400, {
      code: "INVALID_REQUEST",
      detail: why,
      fix: "sandbox/README.md has the fields of each request.",
    });
  }
}
