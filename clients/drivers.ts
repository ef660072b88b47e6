/**
 * How an application logs in to what a namespace reaches: for each kind of target and each language, the lines, the versions from which
 * they hold, and whether a test runs them. The same lines work in workload identity and pod identity.
 */
import type { ByMode } from "../src/domain/request/modes.ts";
import type { IdentityMode, OnboardingRequest } from "../src/domain/request/request.ts";
import { azureSdkLogins } from "./azureSdkLogins.ts";
import { postgresql, sqlDatabase } from "./databaseLogins.ts";
import type { Driver, Kind, Language } from "./login.ts";
import { failuresFor } from "./loginFailures.ts";

export const drivers: { readonly [K in Kind]: Driver } = { sqlDatabase, ...azureSdkLogins, postgresql };

/** A kind of target in words; one that only a newer service has keeps its name. */
export function nounOf(kind: string): string {
  return Object.hasOwn(drivers, kind) ? drivers[kind as Kind].noun : kind;
}

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

/** Lines to paste, for each of the kinds, and what to look at when they fail. */
export function printLogins(language: Language, mode: IdentityMode, kinds: readonly Kind[]): string {
  const comment = (text: string) => `${comments[language]} ${text}\n`;
  const proviso = provisos[mode]?.[language];
  const lines = kinds.map((kind) => {
    const { noun, logins } = drivers[kind];
    const { needs, lines } = logins[language];
    return `${comment(`${noun}: ${needs.join(", ")} or later`)}${lines}\n`;
  });
  const failing = failuresFor(mode, kinds).map(([seen, look]) => comment(`- ${seen}: ${look}`));
  return [
    ...(proviso === undefined ? [] : [comment(proviso)]),
    ...lines,
    `${comment("When it fails:")}${failing.join("")}`,
  ].join("\n");
}
