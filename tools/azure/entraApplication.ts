/**
 * Mooring's application in Microsoft Entra: scope, app roles, the redirect URI of a single-page application, the Azure CLI as
 * a client that needs no consent, and groups in tokens. Running it again changes what differs and keeps what others added.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { AppRole } from "../../src/domain/access/caller.ts";
import type { Az } from "./az.ts";

const graph = "https://graph.microsoft.com/v1.0";
/** learn.microsoft.com "Application IDs of commonly used Microsoft applications". */
const azureCli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const scopeName = "access";

const roleDescriptions: Readonly<Record<AppRole, string>> = {
  "Onboarding.Request": "Onboard, plan, verify, repair, migrate and offboard for your own teams",
  "Onboarding.Approve": "Decide on requests that need approval",
  "Onboarding.Operate": "Do everything for every team, except decide on approvals",
};

const Role = z.looseObject({ id: z.string(), value: z.string().nullish() });
const Application = z.object({
  id: z.string(),
  appId: z.string(),
  appRoles: z.array(Role).default([]),
  api: z
    .looseObject({
      oauth2PermissionScopes: z.array(z.looseObject({ id: z.string(), value: z.string() })).default([]),
      preAuthorizedApplications: z.array(z.looseObject({ appId: z.string() })).default([]),
    })
    .prefault({}),
  spa: z.looseObject({ redirectUris: z.array(z.string()).default([]) }).prefault({}),
  web: z
    .looseObject({
      redirectUris: z.array(z.string()).default([]),
      implicitGrantSettings: z.looseObject({}).default({}),
    })
    .prefault({}),
  identifierUris: z.array(z.string()).default([]),
});
type Application = z.infer<typeof Application>;
const Page = z.object({ value: z.array(z.unknown()) });

export interface EntraOptions {
  readonly name: string;
  /** Where the browser returns after signing in: the app's dashboard, or App Service authentication below /.auth/login. */
  readonly redirectUris: readonly string[];
  /** ApplicationGroup: groups assigned to the application, which needs Entra ID P1. SecurityGroup: all, up to 200 in a token. */
  readonly groups: "ApplicationGroup" | "SecurityGroup";
}

export async function ensureApplication(
  az: Az,
  { name, redirectUris, groups }: EntraOptions,
): Promise<{ clientId: string; tenantId: string; isNew: boolean }> {
  const call = caller(az);
  const filter = encodeURIComponent(`displayName eq '${name.replaceAll("'", "''")}'`);
  const { value: found } = Page.parse(await call("GET", `/applications?$filter=${filter}`));
  if (found.length > 1)
    throw new Error(`${found.length} applications are called "${name}". Give this one another name with --name.`);
  const [known] = found.map((each) => Application.parse(each));
  const application =
    known ??
    Application.parse(await call("POST", "/applications", { displayName: name, signInAudience: "AzureADMyOrg" }));

  const scope = application.api.oauth2PermissionScopes.find(({ value }) => value === scopeName);
  const scopeId = scope?.id ?? randomUUID();
  await call("PATCH", `/applications/${application.id}`, {
    groupMembershipClaims: groups,
    identifierUris: union(application.identifierUris, [`api://${application.appId}`]),
    appRoles: withRoles(application),
    spa: {
      redirectUris: union(
        application.spa.redirectUris,
        redirectUris.filter((uri) => !isEasyAuth(uri)),
      ),
    },
    ...withEasyAuth(application, redirectUris.filter(isEasyAuth)),
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [
        ...application.api.oauth2PermissionScopes.filter(({ value }) => value !== scopeName),
        describeScope(scopeId),
      ],
    },
  });
  // Only now, because the application must have the scope before a client can be authorised for it.
  await call("PATCH", `/applications/${application.id}`, {
    api: {
      preAuthorizedApplications: [
        ...application.api.preAuthorizedApplications.filter(({ appId }) => appId !== azureCli),
        { appId: azureCli, delegatedPermissionIds: [scopeId] },
      ],
    },
  });
  await ensureServicePrincipal(call, application.appId);

  const { tenantId } = z.object({ tenantId: z.string() }).parse(await az("account", "show"));
  return { clientId: application.appId, tenantId, isNew: known === undefined };
}

function isEasyAuth(uri: string): boolean {
  return new URL(uri).pathname.startsWith("/.auth/login/");
}

/** App Service authentication has no client secret here, so it requests an ID token from Entra, which must be allowed. */
function withEasyAuth({ web }: Application, redirectUris: readonly string[]): object {
  if (redirectUris.length === 0) return {};
  return {
    web: {
      redirectUris: union(web.redirectUris, redirectUris),
      implicitGrantSettings: { ...web.implicitGrantSettings, enableIdTokenIssuance: true },
    },
  };
}

/** Roles keep their ids, because assignments refer to them. */
function withRoles({ appRoles }: Application): readonly object[] {
  const others = appRoles.filter(({ value }) => !AppRole.safeParse(value).success);
  const ours = AppRole.options.map((value) => ({
    id: appRoles.find((role) => role.value === value)?.id ?? randomUUID(),
    value,
    displayName: value,
    description: roleDescriptions[value],
    allowedMemberTypes: ["User", "Application"],
    isEnabled: true,
  }));
  return [...others, ...ours];
}

function describeScope(id: string): object {
  const description = "Call Mooring as the signed-in user";
  return {
    id,
    value: scopeName,
    type: "User",
    isEnabled: true,
    adminConsentDisplayName: description,
    adminConsentDescription: description,
    userConsentDisplayName: description,
    userConsentDescription: description,
  };
}

/** Without a service principal, no one gets a token for the application, and no role can be assigned. */
async function ensureServicePrincipal(call: Call, appId: string): Promise<void> {
  const { value } = Page.parse(
    await call("GET", `/servicePrincipals?$filter=${encodeURIComponent(`appId eq '${appId}'`)}`),
  );
  if (value.length === 0) await call("POST", "/servicePrincipals", { appId });
}

type Call = (method: "GET" | "POST" | "PATCH", path: string, body?: object) => Promise<unknown>;

/** Passes bodies in a file, so that no shell can change them. */
function caller(az: Az): Call {
  return async (method, path, body) => {
    const request = ["rest", "--method", method, "--url", `${graph}${path}`];
    if (body === undefined) return await az(...request);
    const folder = await mkdtemp(join(tmpdir(), "mooring-"));
    try {
      const file = join(folder, "body.json");
      await writeFile(file, JSON.stringify(body));
      return await az(...request, "--headers", "Content-Type=application/json", "--body", `@${file}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function union(first: readonly string[], second: readonly string[]): readonly string[] {
  return [...new Set([...first, ...second])];
}

/** The auth entry for mooring.yaml. */
export const authEntry = ({ clientId, tenantId }: { clientId: string; tenantId: string }) => ({
  auth: { entra: { issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`, audiences: [clientId] } },
});
