/** What an application sees when it cannot log in or may not do what it tries, and where to look. */
import type { ByMode } from "../src/domain/request/modes.ts";
import type { IdentityMode } from "../src/domain/request/request.ts";
import type { Kind } from "./login.ts";

export type Symptom = readonly [seen: string, look: string];

const withoutRole =
  "The identity has no role there that allows this, or not yet: a role in Azure can take 10 minutes. `mooring verify` says which; if nothing is missing, ask for more access.";

const ofStorage: readonly Symptom[] = [
  ["`AuthorizationPermissionMismatch` (403)", withoutRole],
  ["`AuthorizationFailure` (403)", "The account's firewall: Mooring does not open it."],
];

const ofMessaging: readonly Symptom[] = [["`amqp:unauthorized-access`, or claims are required", withoutRole]];

/** By what the namespace has. */
export const failuresOf: { readonly [K in Kind]: readonly Symptom[] } = {
  sqlDatabase: [
    [
      "`Login failed for user '<token-identified principal>'` (18456)",
      "The identity has no user in the database, or one with another SID. `mooring verify` says which; `mooring repair` fixes it.",
    ],
    ["`Cannot open database` (4060)", "The name is wrong, or the user has no CONNECT: `mooring verify`."],
    ["`Cannot open server` (40615)", "The server's firewall: Mooring does not open it."],
  ],
  storageBlob: ofStorage,
  storageQueue: ofStorage,
  storageTable: ofStorage,
  keyVaultSecrets: [
    ["`Caller is not authorized to perform action on resource` (403)", withoutRole],
    ["`ForbiddenByFirewall` (403)", "The vault's firewall: Mooring does not open it."],
  ],
  serviceBus: ofMessaging,
  eventHubs: ofMessaging,
  appConfiguration: [["403 without a message", withoutRole]],
  openAi: [["`PermissionDenied` (401)", withoutRole]],
  cosmosNoSql: [
    ["403 with substatus 5301", withoutRole],
    [
      "`cannot be authorized by AAD token in data plane` (403, substatus 5300)",
      "The application makes or removes a database or a container, which no role for data allows.",
    ],
  ],
  postgresql: [
    [
      "`Service principal oid mismatch for role`, or `password authentication failed` (28P01)",
      "The role lets in another identity, or is not there, or the user is not the role's name (the identity's, cut to 63 bytes): `mooring verify`, then `mooring repair`.",
    ],
    [
      "`The access token has expired`, or has no valid audience claim",
      "The driver keeps a token for a password: give it what fetches one, for the resource `https://ossrdbms-aad.database.windows.net`.",
    ],
    [
      "`permission denied` (42501)",
      "The schema's access does not include this: `mooring verify`, or ask for more access.",
    ],
  ],
};

const ofServiceAccounts: readonly Symptom[] = [
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
];

const ofNodes: readonly Symptom[] = [
  [
    "no managed identity endpoint (pod identity)",
    "The pod lacks the label `aadpodidbinding`, or its AzureIdentityBinding has another selector. Compare both with `mooring manifest`.",
  ],
];

/** Before anything of a target is reached. */
export const failuresIn: ByMode<readonly Symptom[]> = {
  workloadIdentity: ofServiceAccounts,
  identityBinding: ofServiceAccounts,
  podIdentity: ofNodes,
};

export const failuresAnywhere: readonly Symptom[] = [
  [
    "no answer",
    "The network: a network policy, a private endpoint, a firewall. Mooring opens none but its own policy.",
  ],
];

export function failuresFor(mode: IdentityMode, kinds: readonly Kind[]): readonly Symptom[] {
  const all = [...failuresIn[mode], ...kinds.flatMap((kind) => failuresOf[kind]), ...failuresAnywhere];
  return [...new Map(all.map((each) => [each[0], each])).values()];
}
