/**
 * The data of storage accounts over HTTPS, as far as proofs and samples need it. Blobs, queues and tables have a listener each, with the
 * account in the path: clients take that form for an address with a port, as Azurite has it. Callers come with a token of Microsoft Entra, and may do what their roles say; there are no keys.
 */
import { checkCaller, mayDo } from "../dataRights.ts";
import { type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { SimulatorContext } from "../simulator.ts";
import type { Asked } from "./asked.ts";
import { answerBlobs } from "./blobs.ts";
import type { Account } from "./data.ts";
import { errorReply, failures, StorageFailure, type StorageService, scripted } from "./failures.ts";
import { answerQueues } from "./queues.ts";
import { answerTables } from "./tables.ts";

export const storageAudience = "https://storage.azure.com";

interface Service {
  readonly answer: (asked: Asked) => HttpReply;
  /** What follows the account in the ID of a scope. */
  readonly path: string;
}

const services: { readonly [Name in StorageService]: Service } = {
  blob: { answer: answerBlobs, path: "blobServices/default/containers" },
  queue: { answer: answerQueues, path: "queueServices/default/queues" },
  table: { answer: answerTables, path: "tableServices/default/tables" },
};

export interface StorageSimulator {
  /** By the name of the account. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** Without a slash at its end, as a catalog has it. */
  endpointOf(service: StorageService, account: string): string;
  close(): Promise<void>;
}

export async function startStorage(
  { world, faults, tls }: SimulatorContext,
  { accounts }: { readonly accounts: readonly Account[] },
): Promise<StorageSimulator> {
  const byName = new Map(accounts.map((account) => [account.id.split("/").at(-1) ?? "", account]));
  const listen = (service: StorageService) =>
    startHttpServer({ tls, faults, open: (request) => open(request, service) });
  const [blob, queue, table] = await Promise.all([listen("blob"), listen("queue"), listen("table")]);
  const servers = { blob, queue, table };

  function open(request: HttpRequest, service: StorageService): Exchange {
    const { method, url } = request;
    const [accountName = "", ...names] = url.pathname.slice(1).split("/").map(decodeURIComponent);
    const part = names.find((each) => each !== "") ?? "";
    return {
      call: {
        wire: "storage",
        operation: `${method} ${service}`,
        target: [accountName, part].filter(Boolean).join("/"),
      },
      run: () => run(request, service, { accountName, names: names.filter((each) => each !== "") }),
      fail: (error) => scripted(service, error),
    };
  }

  async function run(
    { method, url, headers, body }: HttpRequest,
    service: StorageService,
    { accountName, names }: { accountName: string; names: readonly string[] },
  ): Promise<HttpReply> {
    const { answer, path } = services[service];
    try {
      const check = await checkCaller(world, headers.authorization, [storageAudience]);
      if (check.outcome === "anonymous") throw failures.noAuthentication(world.tenantId);
      if (check.outcome === "refused") throw failures.invalidToken(world.tenantId, check.why);
      const account = byName.get(accountName);
      if (!account) throw failures.noAccount();
      const [part] = names;
      const isPart = part !== undefined && part !== "Tables";
      const scope = isPart ? `${account.id}/${path}/${part.replace(/\(.*$/, "")}` : account.id;
      const expectRight = (action: string) => {
        if (!mayDo(world, check.caller, { action, scope })) throw failures.notPermitted();
      };
      const contentType = headers["content-type"];
      const range = headers["x-ms-range"]?.toString() ?? headers.range;
      return answer({
        ...{ method, names, account, body, contentType, range, expectRight },
        ...{ query: url.searchParams, now: world.now() },
      });
    } catch (error) {
      if (error instanceof StorageFailure) return errorReply(service, error);
      throw error;
    }
  }

  return {
    accounts: byName,
    endpointOf: (service, account) => `https://localhost:${servers[service].port}/${account}`,
    async close() {
      await Promise.all(Object.values(servers).map((server) => server.close()));
    },
  };
}
