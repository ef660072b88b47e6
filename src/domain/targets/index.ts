/**
 * The kinds of target there are. A new kind joins here: its fields in requests, catalog, rights and approval rules, and its
 * place in the list that everything else goes over.
 */
import { z } from "zod";
import { namesOf } from "../lookUp.ts";
import * as sql from "./sqlDatabase.ts";
import type { TargetKind, TargetSteps } from "./target.ts";

/** The fields of a request that name targets. `databases` is there in every request, also where it is empty. */
export const requestFields = {
  // As long as there is no other kind, a request without a database asks for nothing.
  databases: sql.requestField.meta({ minItems: 1 }),
};
export type Targets = z.infer<z.ZodObject<typeof requestFields>>;
/** The same in what is said of a namespace. */
export const documentFields = { databases: z.array(sql.DatabaseRequest) } satisfies Record<keyof Targets, z.ZodType>;

/** The sections of the catalog that list targets; `names` is what an alias may be. */
export const catalogSections = (names: z.ZodString) => ({ sqlServers: sql.catalogSection(names) });
export type CatalogTargets = z.infer<z.ZodObject<ReturnType<typeof catalogSections>>>;

/** What a team may ask for. */
export const rightsFields = { databases: sql.rightsField };
type Rights = z.infer<z.ZodObject<typeof rightsFields>>;
/** Of a team, which has other fields besides. */
export function rightsOf(team: Rights): Partial<Rights> {
  return Object.fromEntries(Object.entries(team).filter(([name]) => Object.hasOwn(rightsFields, name)));
}

/** What an approval rule of a team may name, and what the policy for everybody. */
export const ruleFields = { ...sql.ruleFields };
export const policyFields = { ...sql.policyFields };
export type TargetRule = z.infer<z.ZodObject<typeof ruleFields>>;
type Policy = z.infer<z.ZodObject<typeof policyFields>>;

export const targetKinds = {
  sqlDatabase: sql.sqlDatabase,
} satisfies Record<string, TargetKind<Targets, CatalogTargets, Rights, TargetRule, Policy>>;
export type TargetKindName = keyof typeof targetKinds;
export const kindNames = namesOf(targetKinds);

export const everyKind: readonly TargetKind<Targets, CatalogTargets, Rights, TargetRule, Policy, TargetStepName>[] =
  Object.values(targetKinds);

type StepsOf<Kind> = Kind extends { readonly steps: TargetSteps<infer Name> } ? Name : never;
/** The steps of a kind, or of all kinds. */
export type TargetStepName<Kind extends TargetKindName = TargetKindName> = StepsOf<(typeof targetKinds)[Kind]>;
/** Those among them that are undos. */
export type TargetUndoName = (typeof targetKinds)[TargetKindName]["steps"]["revoke"];
export const targetUndoNames: readonly TargetUndoName[] = Object.values(targetKinds).map(({ steps }) => steps.revoke);

/** What GET /catalog says of the targets that may be asked for: by teams that have these rights, or by an operator. */
export const publishedFields = { ...sql.publishedFields } satisfies Record<keyof CatalogTargets, z.ZodType>;
export function publishedTargets(
  catalog: CatalogTargets,
  teams: readonly Rights[] | undefined,
): z.infer<z.ZodObject<typeof publishedFields>> {
  return { ...sql.published(catalog, teams) };
}

/** The fields of a request that name targets, and no other. */
export function targetsOf({ databases }: Targets): Targets {
  return { databases };
}

export function countTargets(request: Targets): number {
  return everyKind.reduce((sum, kind) => sum + kind.keys(request).length, 0);
}

/** What a request without any target lacks, for people. */
export const someTarget = `must name at least one ${everyKind.map(({ noun }) => noun).join(" or ")}`;
