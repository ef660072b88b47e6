/**
 * The secrets of one key vault over HTTPS, as far as proofs and samples need them (learn.microsoft.com "Key Vault REST API": Get Secrets,
 * Get Secret, Get Secret Versions, Set Secret). A call without a token is answered by a challenge, from which clients learn the authority
 * and the resource ("Authentication, requests and responses").
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { checkCaller, mayDo } from "../dataRights.ts";
import { type ErrorEffect, type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import { readJson } from "../readJson.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";

export const vaultAudience = "https://vault.azure.net";

interface Version {
  readonly id: string;
  readonly value: string;
  readonly createdTime: Date;
}

export interface VaultSimulator extends Simulator {
  /** Of the resource. */
  readonly id: string;
  /** Without a slash at its end, as a catalog has it. */
  readonly endpoint: string;
  /** By name, the newest version first. */
  readonly secrets: Map<string, readonly Version[]>;
}

const Body = z.object({ value: z.string() });

export async function startKeyVault(
  { world, faults, tls }: SimulatorContext,
  { id, names = [] }: { readonly id: string; readonly names?: readonly string[] },
): Promise<VaultSimulator> {
  const secrets = new Map<string, readonly Version[]>(names.map((name) => [name, [newVersion("none yet")]]));
  const server = await startHttpServer({ tls, faults, open });
  const endpoint = `https://localhost:${server.port}`;
  const vault = id.split("/").at(-1) ?? "";

  function open(request: HttpRequest): Exchange {
    const { method, url } = request;
    const [, kind = "", name = ""] = url.pathname.split("/");
    return {
      call: { wire: "keyVault", operation: `${method} ${kind}`, target: [vault, name].filter(Boolean).join("/") },
      run: () => run(request),
      fail: scripted,
    };
  }

  async function run({ method, url, headers, body }: HttpRequest): Promise<HttpReply> {
    const check = await checkCaller(world, headers.authorization, [vaultAudience]);
    if (check.outcome !== "caller") {
      const authority = `https://login.microsoftonline.com/${world.tenantId}`;
      const challenge = `Bearer authorization="${authority}", resource="${vaultAudience}"`;
      const said =
        check.outcome === "anonymous"
          ? "AKV10000: Request is missing a Bearer or PoP token."
          : `AKV10022: ${check.why}`;
      return { ...failed(401, "Unauthorized", said), headers: { "www-authenticate": challenge } };
    }
    if (!url.searchParams.has("api-version")) return failed(400, "BadParameter", "api-version must be specified");
    const [, kind, name, third] = url.pathname.split("/");
    if (kind !== "secrets") return failed(404, "NotFound", `This simulator has no ${kind}.`);
    const scope = name ? `${id}/secrets/${name}` : id;
    const may = (action: string) => mayDo(world, check.caller, { action, scope });
    const forbidden = (action: string) =>
      failed(
        403,
        "Forbidden",
        `Caller is not authorized to perform action on resource.\r\nAction: 'Microsoft.KeyVault/vaults/${action}/action'\r\nResource: '${scope}'\r\nAssignment: (not found)`,
      );
    if (!name) {
      if (method !== "GET") return failed(405, "MethodNotAllowed", `${method} of all secrets`);
      if (!may("secrets/readMetadata")) return forbidden("secrets/readMetadata");
      const most = Number(url.searchParams.get("maxresults") ?? 25);
      const value = [...secrets]
        .slice(0, most)
        .map(([each, [newest]]) => ({ id: `${endpoint}/secrets/${each}`, ...attributesOf(newest) }));
      return { status: 200, body: { value, nextLink: null } };
    }
    if (method === "PUT") {
      if (!may("secrets/set")) return forbidden("secrets/setSecret");
      const read = Body.safeParse(readJson(body)).data;
      if (!read) return failed(400, "BadParameter", "Property value is missing, or no text.");
      const version = newVersion(read.value);
      secrets.set(name, [version, ...(secrets.get(name) ?? [])]);
      return { status: 200, body: describe(name, version) };
    }
    const versions = secrets.get(name) ?? [];
    if (third === "versions") {
      if (!may("secrets/readMetadata")) return forbidden("secrets/readMetadata");
      const value = versions.map((each) => ({ id: idOf(name, each), ...attributesOf(each) }));
      return { status: 200, body: { value, nextLink: null } };
    }
    if (!may("secrets/get")) return forbidden("secrets/getSecret");
    const found = third ? versions.find((each) => each.id === third) : versions[0];
    if (!found)
      return failed(404, "SecretNotFound", `A secret with (name/id) ${name} was not found in this key vault.`);
    return { status: 200, body: describe(name, found) };
  }

  function newVersion(value: string): Version {
    return { id: randomUUID().replaceAll("-", ""), value, createdTime: world.now() };
  }
  const idOf = (name: string, version: Version) => `${endpoint}/secrets/${name}/${version.id}`;
  const describe = (name: string, version: Version) => ({
    ...{ value: version.value, id: idOf(name, version) },
    ...attributesOf(version),
  });
  return { ...server, id, endpoint, secrets };
}

function attributesOf(version: Version | undefined) {
  const created = Math.floor((version?.createdTime.getTime() ?? 0) / 1000);
  return { attributes: { enabled: true, created, updated: created } };
}

function failed(status: number, code: string, message: string): HttpReply {
  return { status, body: { error: { code, message } } };
}

function scripted({ code, status, message = "scripted fault" }: ErrorEffect): HttpReply {
  return failed(status ?? (typeof code === "number" ? code : 500), String(code), message);
}
