/**
 * How an application logs in to what a namespace reaches: for each kind of target and each language, the lines, the versions from which
 * they hold, and whether a test runs them. The same lines work in workload identity and pod identity.
 */
import type { ByMode } from "../src/domain/request/identityModes.ts";
import type { IdentityMode, OnboardingRequest } from "../src/domain/request/request.ts";
import type { TargetEntry } from "../src/domain/targets/namedTarget.ts";
import { azureSdkLogins } from "./azureSdkLogins.ts";
import { postgresql, sqlDatabase } from "./databaseLogins.ts";
import type { Driver, Language } from "./login.ts";

type Kind = "sqlDatabase" | TargetEntry["kind"];

export const drivers: { readonly [K in Kind]: Driver } = { sqlDatabase, ...azureSdkLogins, postgresql };

/** A kind of target in words; one that only a newer service has keeps its name. */
export function nounOf(kind: string): string {
  return Object.hasOwn(drivers, kind) ? drivers[kind as Kind].noun : kind;
}

/** What an application sees when it cannot log in, and where to look. */
export const symptoms: readonly (readonly [seen: string, look: string])[] = [
  [
    "`Login failed for user '<token-identified principal>'` (18456)",
    "The identity has no user in the database, or one with another SID. `mooring verify` says which; `mooring repair` fixes it.",
  ],
  [
    "`AADSTS700213`, `AADSTS700211`: no matching federated identity record",
    "The pod runs under another service account or namespace, or the cluster's issuer has changed. Compare `serviceAccountName` with `mooring manifest`.",
  ],
  [
    "`AADSTS700016`: application was not found",
    "The service account has the client ID of an earlier identity: `mooring repair`.",
  ],
  [
    "no `AZURE_CLIENT_ID` in the container",
    'The pod lacks the label `azure.workload.identity/use: "true"`, or was created before its service account was annotated: restart it.',
  ],
  [
    "no managed identity endpoint (pod identity)",
    "The pod lacks the label `aadpodidbinding`, or its AzureIdentityBinding has another selector. Compare both with `mooring manifest`.",
  ],
  ["`Cannot open database` (4060)", "The name is wrong, or the user has no CONNECT: `mooring verify`."],
  [
    "PostgreSQL: `Service principal oid mismatch for role`, or `password authentication failed` (28P01)",
    "The role lets in another identity, or is not there, or the user is not the role's name (the identity's, cut to 63 bytes): `mooring verify`, then `mooring repair`.",
  ],
  [
    "PostgreSQL: `The access token has expired`, or has no valid audience claim",
    "The driver keeps a token for a password: give it what fetches one, for the resource `https://ossrdbms-aad.database.windows.net`.",
  ],
  ["40615, or no answer", "The server's firewall or the network: Mooring does not open either."],
];

const comments: { readonly [L in Language]: string } = { node: "//", python: "#", java: "//", dotnet: "//", go: "//" };

/** What an identity mode asks for beyond the lines (docs/identityModes.md). */
const provisos: ByMode<{ readonly [L in Language]: string } | undefined> = {
  podIdentity: undefined,
  workloadIdentity: undefined,
  identityBinding: {
    node: "With an identity binding: new WorkloadIdentityCredential({ enableAzureProxy: true }) in place of DefaultAzureCredential.",
    python:
      "With an identity binding: WorkloadIdentityCredential(enable_azure_proxy=True), and its token in place of a driver's own credential.",
    java: "With an identity binding: azure-identity 1.19.0-beta.2 or later, and its token in place of a driver's own credential.",
    dotnet:
      "With an identity binding: WorkloadIdentityCredential with IsAzureProxyEnabled (Azure.Core 1.55), and its token in place of a driver's own credential.",
    go: "With an identity binding: no stable release of azidentity asks the cluster's proxy.",
  },
};

interface Listed {
  readonly name: string;
  readonly kind: string;
}

/** The kinds of what a namespace reaches; the catalog says of which kind a target is. */
export function kindsIn(
  { databases, targets = [] }: Pick<OnboardingRequest, "databases" | "targets">,
  listed: readonly Listed[],
): readonly Kind[] {
  const named = targets.flatMap(({ target }) => listed.find(({ name }) => name === target)?.kind ?? []);
  const kinds = new Set([...(databases.length > 0 ? ["sqlDatabase"] : []), ...named]);
  return (Object.keys(drivers) as Kind[]).filter((kind) => kinds.has(kind));
}

/** Lines to paste, for each of the kinds. */
export function printLogins(language: Language, mode: IdentityMode, kinds: readonly Kind[]): string {
  const proviso = provisos[mode]?.[language];
  const lines = kinds
    .map((kind) => {
      const { noun, logins } = drivers[kind];
      const { needs, lines } = logins[language];
      return `${comments[language]} ${noun}: ${needs.join(", ")} or later\n${lines}\n`;
    })
    .join("\n");
  return proviso === undefined ? lines : `${comments[language]} ${proviso}\n\n${lines}`;
}
