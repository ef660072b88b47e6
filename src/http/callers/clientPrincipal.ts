/**
 * What App Service authentication says about the caller: X-MS-CLIENT-PRINCIPAL, base64 of JSON with the token's claims
 * (learn.microsoft.com "Work with user identities in Azure App Service authentication"). The header proves nothing unless the
 * platform sets it, so the catalog has to say that it does.
 */
import { z } from "zod";
import { Claims } from "../../domain/policy/claims.ts";

const Principal = z.object({
  auth_typ: z.literal("aad"),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })),
});

/** The platform still uses Windows Identity Foundation's names for some claims. */
const longNames: Readonly<Record<string, string>> = {
  "http://schemas.microsoft.com/identity/claims/objectidentifier": "oid",
  "http://schemas.microsoft.com/identity/claims/tenantid": "tid",
  "http://schemas.microsoft.com/identity/claims/scope": "scp",
  "http://schemas.microsoft.com/ws/2008/06/identity/claims/role": "roles",
};
const lists = new Set(["roles", "groups"]);
/** A principal has one of each. If it has two, perhaps under both names, there is no telling which is meant. */
const decisive = ["oid", "tid", "azp", "appid"];

export function readClientPrincipal(header: string): Claims | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    // Not a principal from App Service: the caller is unknown, and gets 401.
    return undefined;
  }
  const principal = Principal.safeParse(json).data;
  if (!principal) return undefined;
  const found = new Map<string, string[]>();
  for (const { typ, val } of principal.claims) {
    const name = longNames[typ] ?? typ;
    found.set(name, [...(found.get(name) ?? []), val]);
  }
  if (decisive.some((name) => new Set(found.get(name)).size > 1)) return undefined;
  return Claims.safeParse(
    Object.fromEntries([...found].map(([name, values]) => [name, lists.has(name) ? values : readValue(name, values)])),
  ).data;
}

/** Claims whose values are no texts in the token: they come as JSON. */
const asJson = new Set(["exp", "_claim_names"]);

function readValue(name: string, [first]: readonly string[]): unknown {
  if (!asJson.has(name) || first === undefined) return first;
  try {
    return JSON.parse(first);
  } catch {
    // Not a claim from Entra: the principal then does not match the schema, and is rejected.
    return first;
  }
}
