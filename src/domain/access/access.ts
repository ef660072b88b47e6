/** What the catalog says about callers: how they prove who they are, which team they are in, and what a team may ask for. */
import { z } from "zod";
import { Duration } from "../duration.ts";
import { type CatalogProfiles, danglingProfiles, rightsField as profilesField } from "../profiles/profile.ts";
import { type CatalogTargets, everyKind, rightsFields, ruleFields } from "../targets/index.ts";
import { danglingInRights } from "../targets/rules.ts";
import type { DanglingName } from "../targets/target.ts";
import { AppRole } from "./caller.ts";

const TeamName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "must be 1 to 40 lower-case letters, digits and hyphens");

const Key = z.strictObject({
  // The catalog has only the digest, so that reading the file is not enough to call.
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, "must be the SHA-256 of the key: 64 hexadecimal digits")
    .meta({
      description: "The SHA-256 of the key, in hexadecimal digits.",
    }),
  roles: z.array(AppRole).min(1).meta({ description: "The app roles of the key." }),
  teams: z.array(TeamName).default([]).meta({ description: "The teams of the key." }),
  owner: z.guid().optional().meta({
    description:
      "The object ID of the person who has the key: with key and token, that person approves once. Where people sign in, a key without an owner cannot approve. Since 0.2.0.",
  }),
});
export type Key = z.infer<typeof Key>;

const Entra = z.strictObject({
  issuer: z.url({ protocol: /^https$/, error: "must be an https URL" }).meta({
    description: "The `iss` of access tokens, such as https://login.microsoftonline.com/<tenant>/v2.0.",
  }),
  audiences: z.array(z.string().min(1)).min(1).meta({
    description:
      "The accepted values of `aud`: the client ID of Mooring's Entra application, or its application ID URI.",
  }),
});
export type EntraSettings = z.infer<typeof Entra>;

export const Auth = z
  .strictObject({
    entra: Entra.optional().meta({ description: "Access tokens of Microsoft Entra." }),
    easyAuth: z.boolean().default(false).meta({
      description:
        "Trust X-MS-CLIENT-PRINCIPAL. Only if App Service authentication handles every request first: it removes the header from incoming requests.",
    }),
    keys: z.record(TeamName, Key).default({}).meta({ description: "For local use; sent as x-mooring-key." }),
  })
  .refine(
    ({ entra, easyAuth, keys }) => entra !== undefined || easyAuth || Object.keys(keys).length > 0,
    "must name a way in: entra, easyAuth or keys",
  );
export type Auth = z.infer<typeof Auth>;

const ApprovalRule = z
  .strictObject({
    ...ruleFields,
    clusters: z.array(z.string()).min(1).optional().meta({ description: "Aliases of clusters." }),
    by: z
      .strictObject({
        role: AppRole.default("Onboarding.Approve").meta({ description: "The app role that the approver has." }),
        team: TeamName.optional().meta({ description: "The team that the approver is in." }),
      })
      .prefault({})
      .meta({
        description: "Who may approve, in addition to the role Onboarding.Approve.",
      }),
  })
  .refine(
    ({ by: _by, ...named }) => Object.values(named).some(Boolean),
    `must name ${Object.keys(ruleFields).join(", ")} or clusters`,
  )
  .meta({ description: "A request needs approval when everything that the rule names is in it." });
export type ApprovalRule = z.infer<typeof ApprovalRule>;

export const Team = z.strictObject({
  groups: z
    .array(z.guid())
    .default([])
    .meta({ description: "Object IDs of the Entra groups whose members are in the team." }),
  applications: z.array(z.guid()).default([]).meta({
    description: "Client IDs of workloads that call with a token of their own.",
  }),
  clusters: z.array(z.string()).min(1).meta({ description: "Aliases of the clusters that the team may use." }),
  namespaces: z
    .array(z.string().regex(/^[a-z0-9*-]{1,63}$/, "must be a namespace name in which * stands for any characters"))
    .min(1)
    .meta({ description: "The namespaces that the team may use; * matches any characters." }),
  ...rightsFields,
  profiles: profilesField,
  quota: z.int().min(0).default(20).meta({ description: "How many namespaces the team can have." }),
  maxExpiry: Duration.optional().meta({
    description:
      "How long the team's access may last: its requests have to say when it ends, and no later than this after they are accepted. A duration of ISO 8601, such as P90D. Since 0.2.0.",
  }),
  approval: z.array(ApprovalRule).default([]).meta({
    description: "Which of the team's requests need approval, in addition to the catalog's approval for everybody.",
  }),
});
export type Team = z.infer<typeof Team>;

export const Teams = z.record(TeamName, Team);

const dayMinutes = 24 * 60;
/** The same as the default time limit of an approval. */
const defaultWaitMinutes = 7 * dayMinutes;

export const Queue = z.strictObject({
  team: TeamName.meta({
    description:
      "The team whose requests the queue carries. Service Bus decides who may send; Mooring does not trust the messages.",
  }),
  // Messages live for 14 days (infra/modules/serviceBus.bicep).
  waitMinutes: z
    .number()
    .positive()
    .max(13 * dayMinutes)
    .default(defaultWaitMinutes)
    .meta({
      description:
        "How long a request waits for a namespace that another operation holds, before its message is dead-lettered with OPERATION_IN_PROGRESS.",
    }),
});
export type Queue = z.infer<typeof Queue>;

/** Also works if the catalog does not mention the queue. */
export function longestWaitMs(queue: Queue | undefined): number {
  return (queue?.waitMinutes ?? defaultWaitMinutes) * 60_000;
}

function shares(defaults: { readonly perCaller: number; readonly inAll: number }) {
  return z
    .strictObject({
      perCaller: z.int().min(1).default(defaults.perCaller).meta({ description: "How many one caller can have." }),
      inAll: z.int().min(1).default(defaults.inAll).meta({ description: "How many all callers together can have." }),
    })
    .prefault({});
}

export const Limits = z
  .strictObject({
    requestsPerSecond: z.number().positive().default(20).meta({ description: "How fast the bucket fills." }),
    burst: z.int().min(1).default(100).meta({ description: "How many requests a caller can send at once." }),
    // host.json allows 100 requests at a time, so 10 are left for plain reads even when bodies arrive for every change.
    streams: shares({ perCaller: 10, inAll: 40 }).meta({ description: "Event streams that are open at once." }),
    changes: shares({ perCaller: 10, inAll: 20 }).meta({
      description: "Requests other than GET that are being answered at once; as many again may still be arriving.",
    }),
    verifications: shares({ perCaller: 5, inAll: 10 }).meta({
      description: "Verifications over HTTP that are running at once; they do not count as changes. Since 0.2.0.",
    }),
  })
  .prefault({})
  .meta({
    description:
      "Limits on each instance of the service: a bucket of `burst` tokens for each caller, and how much a caller may keep open.",
  });
export type ConcurrencyLimits = z.infer<typeof Limits>["streams"];
export type Limits = z.infer<typeof Limits>;

interface Aliases extends CatalogTargets, CatalogProfiles {
  readonly clusters: object;
  readonly teams: Readonly<Record<string, Team>>;
  readonly auth?: Auth | undefined;
  readonly queue?: Queue | undefined;
}

/** Names in the access part of a catalog that refer to nothing: a typing mistake there must not go unnoticed. */
export function findDanglingNames(catalog: Aliases): readonly DanglingName[] {
  const problems: DanglingName[] = [];
  const check = (isKnown: boolean, what: string, ...path: (string | number)[]) => {
    if (!isKnown) problems.push({ path, message: `the catalog has no ${what}` });
  };
  const hasTeam = (name: string) => Object.hasOwn(catalog.teams, name);
  const add = (found: readonly DanglingName[], ...place: (string | number)[]) => {
    problems.push(...found.map(({ path, message }) => ({ path: [...place, ...path], message })));
  };

  for (const [name, team] of Object.entries(catalog.teams)) {
    for (const [index, cluster] of team.clusters.entries())
      check(Object.hasOwn(catalog.clusters, cluster), `cluster "${cluster}"`, "teams", name, "clusters", index);
    add(danglingInRights(team, catalog), "teams", name);
    add(danglingProfiles(team, catalog), "teams", name);
    for (const [index, rule] of team.approval.entries()) {
      const path = ["teams", name, "approval", index];
      const { by, clusters = [] } = rule;
      if (by.team !== undefined) check(hasTeam(by.team), `team "${by.team}"`, ...path, "by", "team");
      for (const cluster of clusters)
        check(Object.hasOwn(catalog.clusters, cluster), `cluster "${cluster}"`, ...path, "clusters");
      for (const kind of everyKind) add(kind.danglingInRule(rule, catalog), ...path);
    }
  }
  for (const [name, { teams }] of Object.entries(catalog.auth?.keys ?? {})) {
    for (const [index, team] of teams.entries())
      check(hasTeam(team), `team "${team}"`, "auth", "keys", name, "teams", index);
  }
  if (catalog.queue) check(hasTeam(catalog.queue.team), `team "${catalog.queue.team}"`, "queue", "team");
  return problems;
}
