/** How the token service gets the keys of an issuer outside Azure: by its documents, over the network. */
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { failures } from "./failures.ts";

export type IssuerKeys = (issuer: string) => Promise<JWTVerifyGetKey>;

/** `ca`: of every server that a simulated cloud can reach. */
export function createIssuerKeys(ca: string): IssuerKeys {
  return async (issuer) => {
    try {
      const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const document = (await read(address, ca)) as { issuer?: string; jwks_uri?: string };
      if (document.issuer !== issuer) throw new Error(`the document names issuer ${document.issuer}`);
      return createLocalJWKSet((await read(document.jwks_uri ?? "", ca)) as JSONWebKeySet);
    } catch {
      throw failures.issuerUnreachable(issuer);
    }
  };
}

async function read(url: string, ca: string): Promise<unknown> {
  const agent = new Agent({ ca, keepAlive: false });
  const answer = await new Promise<{ status: number; body: Promise<string> }>((resolve, reject) => {
    request(url, { agent, timeout: 5_000 })
      .on("response", (response) => resolve({ status: response.statusCode ?? 0, body: text(response) }))
      .on("error", reject)
      .end();
  });
  const body = await answer.body;
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
  return JSON.parse(body);
}
