/** Mooring's application, created in a directory that stores what Microsoft Graph gets. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { Auth } from "../../../src/domain/access/access.ts";
import { authEntry, ensureApplication } from "../../../tools/azure/entraApplication.ts";
import { createFakeAz, optionOf } from "./fakeAz.ts";

const Body = z.record(z.string(), z.unknown());
type Body = z.infer<typeof Body>;
const options = { name: "Mooring", redirectUris: ["https://app/dashboard"], groups: "ApplicationGroup" } as const;

/** As in Graph, a change of `api` leaves its other properties unchanged. */
function createDirectory() {
  const applications: Body[] = [];
  const servicePrincipals: Body[] = [];
  const bodyOf = async (args: readonly string[]) =>
    Body.parse(JSON.parse(await readFile(optionOf(args, "--body").slice(1), "utf8")));
  const graph = "https://graph.microsoft.com/v1.0";
  const fake = createFakeAz({
    "account show": { tenantId: "00000000-0000-4000-8000-000000000001" },
    [`rest --method GET --url ${graph}/applications`]: () => ({ value: applications }),
    [`rest --method POST --url ${graph}/applications`]: async (args: readonly string[]) => {
      const made = { ...(await bodyOf(args)), id: randomUUID(), appId: randomUUID() };
      applications.push(made);
      return made;
    },
    [`rest --method PATCH --url ${graph}/applications/`]: async (args: readonly string[]) => {
      const [application] = applications;
      const { api, ...rest } = await bodyOf(args);
      if (!application) throw new Error("no application");
      Object.assign(application, rest, { api: { ...Object(application["api"]), ...Object(api) } });
    },
    [`rest --method GET --url ${graph}/servicePrincipals`]: () => ({ value: servicePrincipals }),
    [`rest --method POST --url ${graph}/servicePrincipals`]: async (args: readonly string[]) =>
      void servicePrincipals.push(await bodyOf(args)),
  });
  return { ...fake, applications, servicePrincipals };
}

it("creates the application with scope, roles, redirect, the Azure CLI and groups", async () => {
  const { az, applications, servicePrincipals } = createDirectory();

  const made = await ensureApplication(az, options);

  const [application] = applications;
  expect(made).toEqual({
    clientId: application?.["appId"],
    tenantId: "00000000-0000-4000-8000-000000000001",
    isNew: true,
  });
  expect(application).toMatchObject({
    displayName: "Mooring",
    signInAudience: "AzureADMyOrg",
    identifierUris: [`api://${made.clientId}`],
    groupMembershipClaims: "ApplicationGroup",
    spa: { redirectUris: ["https://app/dashboard"] },
    appRoles: ["Onboarding.Request", "Onboarding.Approve", "Onboarding.Operate"].map((value) => ({
      value,
      isEnabled: true,
      allowedMemberTypes: ["User", "Application"],
    })),
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [{ value: "access", isEnabled: true }],
      preAuthorizedApplications: [{ appId: "04b07795-8ddb-461a-bbee-02f9e1bf7b46" }],
    },
  });
  expect(servicePrincipals).toEqual([{ appId: made.clientId }]);
  expect(Auth.safeParse(authEntry(made).auth).success).toBe(true);
});

it("keeps every id and what others added when it runs again", async () => {
  const { az, applications, servicePrincipals } = createDirectory();
  const first = await ensureApplication(az, options);
  const before = structuredClone(applications[0]);
  const foreign = { id: randomUUID(), value: "Reports.Read", displayName: "Reports" };
  Object.assign(applications[0] ?? {}, { appRoles: [foreign, ...Object(before?.["appRoles"])] });

  const second = await ensureApplication(az, { ...options, redirectUris: ["https://other/dashboard"] });

  expect(second).toEqual({ ...first, isNew: false });
  expect(applications).toEqual([
    {
      ...before,
      appRoles: [foreign, ...Object(before?.["appRoles"])],
      spa: { redirectUris: ["https://app/dashboard", "https://other/dashboard"] },
    },
  ]);
  expect(servicePrincipals.length).toBe(1);
});

it("registers the redirect address of App Service authentication", async () => {
  const { az, applications } = createDirectory();
  const callback = "https://app/.auth/login/aad/callback";
  await ensureApplication(az, options);

  await ensureApplication(az, { ...options, redirectUris: [callback] });

  expect(applications[0]).toMatchObject({
    spa: { redirectUris: ["https://app/dashboard"] },
    web: { redirectUris: [callback], implicitGrantSettings: { enableIdTokenIssuance: true } },
  });
});

it("does not guess which of two applications is Mooring's", async () => {
  const { az, applications } = createDirectory();
  applications.push({ displayName: "Mooring" }, { displayName: "Mooring" });

  await expect(ensureApplication(az, options)).rejects.toThrow('2 applications are called "Mooring"');
});
