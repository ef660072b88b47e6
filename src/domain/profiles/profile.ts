/** What the catalog offers a namespace besides its access: a quota, limits, Pod Security labels, a network policy. A request chooses one by its name. */
import { z } from "zod";
import { defined } from "../defined.ts";
import { PermanentError } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { insteadOf, lookUp } from "../lookUp.ts";
import { alias } from "../naming/alias.ts";
import type { DanglingName } from "../targets/target.ts";
import { Limits } from "./limits.ts";
import { Network } from "./network.ts";
import { PodSecurity } from "./podSecurity.ts";
import { Quota } from "./quota.ts";

// ——— What a team sends ———

export const requestField = alias("a profile").exactOptional().meta({
  description:
    "The profile of the catalog that the namespace gets: quota, limits, Pod Security labels, network policy (docs/profiles.md). Since 0.2.0.",
});

interface Request {
  readonly namespaceProfile?: string;
}

// ——— What the operator's catalog says ———

const Profile = z
  .strictObject({
    description: z.string().min(1).max(200).optional().meta({ description: "For people who choose one." }),
    quota: Quota.optional(),
    limits: Limits.optional(),
    podSecurity: PodSecurity.optional(),
    network: Network.optional(),
  })
  .refine(
    ({ description: _description, ...parts }) => Object.values(parts).some(Boolean),
    "must have quota, limits, podSecurity or network",
  );
export type Profile = z.infer<typeof Profile>;

/** The section `profiles`, by alias. */
export const catalogSection = (names: z.ZodString) =>
  z.record(names, Profile).default({}).meta({
    description: "What namespaces can get besides access, by alias (docs/profiles.md). Since 0.2.0.",
  });

export interface CatalogProfiles {
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** The error does not reveal what else the catalog has. */
export function findProfile({ profiles }: CatalogProfiles, name: string): Profile {
  const profile = lookUp(profiles, name);
  if (!profile) throw new PermanentError("UNKNOWN_PROFILE", `The catalog has no profile "${name}".`);
  return profile;
}

/** Only for callers who may see the whole catalog or may ask for this. */
export function profileProblems({ profiles }: CatalogProfiles, { namespaceProfile }: Request): readonly FieldProblem[] {
  if (namespaceProfile === undefined || lookUp(profiles, namespaceProfile)) return [];
  const detail = insteadOf(`The catalog has no profile "${namespaceProfile}"`, "it has", Object.keys(profiles));
  return [{ pointer, code: "UNKNOWN_PROFILE", detail }];
}

export const pointer = "/namespaceProfile";

// ——— What a team may ask for ———

export const rightsField = z.array(z.string()).min(1).optional().meta({
  description:
    "The profiles that the team's namespaces may have; a request then has to name one of them. Without this field, it may name any, or none. Since 0.2.0.",
});

interface Rights {
  readonly profiles?: readonly string[] | undefined;
}

export function profileRefusals(
  { profiles }: Rights,
  { namespaceProfile }: Request,
): readonly (FieldProblem & { readonly code: "NOT_ALLOWED" })[] {
  if (!profiles || (namespaceProfile !== undefined && profiles.includes(namespaceProfile))) return [];
  const what = namespaceProfile === undefined ? "is missing; the team has to" : "is not a profile of the team; it may";
  return [{ pointer, code: "NOT_ALLOWED", detail: `${what} name ${profiles.join(" or ")}` }];
}

export function danglingProfiles(
  { profiles: named = [] }: Rights,
  { profiles }: CatalogProfiles,
): readonly DanglingName[] {
  return named.flatMap((name, index) =>
    Object.hasOwn(profiles, name)
      ? []
      : [{ path: ["profiles", index], message: `the catalog has no profile "${name}"` }],
  );
}

// ——— What GET /catalog says ———

export const publishedProfile = z.object({ name: z.string(), description: z.string().exactOptional() });

export function publishedProfiles(
  { profiles }: CatalogProfiles,
  teams: readonly Rights[] | undefined,
): z.infer<typeof publishedProfile>[] {
  const mayAsk = (name: string) => !teams || teams.some((team) => team.profiles?.includes(name) ?? true);
  return Object.entries(profiles)
    .filter(([name]) => mayAsk(name))
    .map(([name, { description }]) => ({ name, ...defined({ description }) }));
}
