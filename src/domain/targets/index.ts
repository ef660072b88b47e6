/**
 * The kinds of target. Add a new kind here: its fields in requests, catalog, rights and approval rules, and its entry in the list
 * that everything else iterates over.
 */

import { z } from "zod";
import { defined } from "../defined.ts";
import type { Expiry } from "../expiry.ts";
import { namesOf } from "../lookUp.ts";
import * as named from "./namedTarget.ts";
import * as sql from "./sqlDatabase.ts";
import type { TargetExpiry, TargetKind, TargetSteps } from "./target.ts";

/** The fields of a request that name targets. Every request has `databases`, even if it is empty: releases before 0.2.0 had no other. */
export const requestFields = {
  databases: sql.requestField.default([]),
  targets: named.requestField,
};
export type Targets = z.infer<z.ZodObject<typeof requestFields>>;
/** The same fields in the document of a namespace. */
export const documentFields = {
  databases: z.array(sql.DatabaseRequest),
  targets: z.array(named.TargetRequest).exactOptional(),
} satisfies Record<keyof Targets, z.ZodType>;

/** The sections of the catalog that list targets; `names` validates their aliases. */
export const catalogSections = (names: z.ZodString) => ({
  sqlServers: sql.catalogSection(names),
  targets: named.catalogSection(names),
});
export type CatalogTargets = z.infer<z.ZodObject<ReturnType<typeof catalogSections>>>;

/** What a team may ask for. */
export const rightsFields = { databases: sql.rightsField.default({}), targets: named.rightsField };
type Rights = z.infer<z.ZodObject<typeof rightsFields>>;
/** Picks the rights from a team, which also has other fields. */
export function rightsOf(team: Rights): Partial<Rights> {
  return Object.fromEntries(Object.entries(team).filter(([name]) => Object.hasOwn(rightsFields, name)));
}

/** What a team's approval rule may name, and what the policy for everybody may. */
export const ruleFields = { ...sql.ruleFields, ...named.ruleFields };
export const policyFields = { ...sql.policyFields, ...named.policyFields };
export type TargetRule = z.infer<z.ZodObject<typeof ruleFields>>;
type Policy = z.infer<z.ZodObject<typeof policyFields>>;

export const targetKinds = {
  sqlDatabase: sql.sqlDatabase,
  namedTarget: named.namedTarget,
} satisfies Record<string, TargetKind<Targets, CatalogTargets, Rights, TargetRule, Policy>>;
export type TargetKindName = keyof typeof targetKinds;
export const kindNames = namesOf(targetKinds);

export const everyKind: readonly TargetKind<Targets, CatalogTargets, Rights, TargetRule, Policy, TargetStepName>[] =
  Object.values(targetKinds);

/** The request without what the catalog has dropped since. */
export function withListedTargets<R extends Targets>(catalog: CatalogTargets, request: R): R {
  return Object.assign({ ...request }, ...everyKind.map((kind) => kind.listed(catalog, request)));
}

/** The request with the expiry of each target that `next` says; without the targets for which it says undefined. */
export function withRevisedTargets<R extends Targets>(
  request: R,
  next: (target: TargetExpiry) => Expiry | undefined,
): R {
  const others = Object.entries(request).filter(([field]) => !Object.hasOwn(requestFields, field));
  return Object.assign(Object.fromEntries(others), ...everyKind.map((kind) => kind.revised(request, next)));
}

/** The request with these targets alone: those of `requests` on which anything is held, each with that access. */
export function withHeldTargets<R extends Targets>(
  request: R,
  requests: readonly Targets[],
  held: (key: string) => readonly string[],
): R {
  const others = Object.entries(request).filter(([field]) => !Object.hasOwn(requestFields, field));
  return Object.assign(Object.fromEntries(others), ...everyKind.map((kind) => kind.having(requests, held)));
}

type StepsOf<Kind> = Kind extends { readonly steps: TargetSteps<infer Name> } ? Name : never;
/** The steps of a kind, or of all kinds. */
export type TargetStepName<Kind extends TargetKindName = TargetKindName> = StepsOf<(typeof targetKinds)[Kind]>;
/** What GET /catalog says about targets: those that teams with these rights, or an operator, may ask for. */
export const publishedFields = { ...sql.publishedFields, ...named.publishedFields } satisfies Record<
  keyof CatalogTargets,
  z.ZodType
>;
export function publishedTargets(
  catalog: CatalogTargets,
  teams: readonly Rights[] | undefined,
): z.infer<z.ZodObject<typeof publishedFields>> {
  return { ...sql.published(catalog, teams), ...named.published(catalog, teams) };
}

/** Only the fields of a request that name targets. */
export function targetsOf({ databases, targets }: Targets): Targets {
  return defined({ databases, targets });
}

export function countTargets(request: Targets): number {
  return everyKind.reduce((sum, kind) => sum + kind.keys(request).length, 0);
}

/** The message for a request without any target. */
export const someTarget = `must name at least one ${everyKind.map(({ noun }) => noun).join(" or ")}`;
