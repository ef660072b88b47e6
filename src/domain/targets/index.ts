/**
 * The kinds of target. Add a new kind here: its fields in requests, catalog, rights and approval rules, and its entry in the list
 * that everything else iterates over.
 */

import { z } from "zod";
import { defined } from "../defined.ts";
import type { Expiry } from "../expiry.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { namesOf } from "../lookUp.ts";
import * as named from "./namedTarget.ts";
import type { Destination } from "./reach.ts";
import * as sql from "./sqlDatabase.ts";
import type { DanglingName, Remembered, TargetExpiry, TargetPlace, TargetSteps } from "./target.ts";

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

/**
 * Everything that is known about a kind of target without calling Azure. Each function takes a whole request, catalog, team or
 * rule and reads the fields of its own kind, so code that iterates over all kinds need not know any of them.
 */
interface TargetKind<Step extends string = string> {
  /** In the singular, for people. */
  readonly noun: string;
  readonly steps: TargetSteps<Step>;
  /** The targets of a request, in its order; each as the text that is the target of its steps and findings. */
  keys(request: Targets): readonly string[];
  /** What the request gives on a target, for people: such as `reader`. */
  access(request: Targets, key: string): readonly string[];
  /** What a target of the earlier request no longer gives with the new one, for people: such as `reader`. */
  lost(request: Targets, earlier: Targets, key: string): readonly string[];
  /** Targets of the earlier request that the new one does not have, or on which it asks for less. */
  replaced(
    request: Targets,
    earlier: Targets,
  ): { readonly removed: readonly string[]; readonly narrowed: readonly string[] };
  /** When access to each target ends, in the order of the request; apart from the end of the whole request. */
  expiries(request: Targets): readonly TargetExpiry[];
  /** The request's targets with the expiry that `next` says; without those for which it says undefined. */
  revised(request: Targets, next: (target: TargetExpiry) => Expiry | undefined): Partial<Targets>;
  /** The targets of these requests, each as the first that has it says, with the access of `held` alone; without those that have none. */
  having(requests: readonly Targets[], held: (key: string) => readonly string[]): Partial<Targets>;
  /** The fields for the hash of a request: the order of targets and roles does not count. */
  canonical(request: Targets): Partial<Targets>;
  /** Of each target of the request, the field that names it and its environment; without what the catalog does not list. */
  places(catalog: CatalogTargets, request: Targets): readonly TargetPlace[];
  /** Where they are on the network, for a network policy; without what the catalog does not list. */
  destinations(catalog: CatalogTargets, request: Targets): readonly Destination[];
  /** The targets that the catalog lists. */
  listed(catalog: CatalogTargets, request: Targets): Partial<Targets>;
  /** Targets that the catalog has elsewhere than where the namespace has them: nobody has asked for access there. */
  moved(catalog: CatalogTargets, request: Targets, remembered: Remembered): readonly string[];
  /** What the catalog does not know or allow; with what it has instead, unless that is nobody's business. */
  problems(catalog: CatalogTargets, request: Targets, isPrivate?: boolean): readonly FieldProblem[];
  /** What a team may not ask for. */
  refusals(team: Rights, request: Targets): readonly FieldProblem[];
  /** The approval rules for everybody, one for each list in the catalog. */
  rules(policy: Policy): readonly TargetRule[];
  /** What the rule applies to in the request, for people; undefined if the rule names nothing of this kind. */
  approvals(rule: TargetRule, request: Targets, place: string): readonly string[] | undefined;
  /** Names in the catalog's policy, in a team's rights or in its rules that refer to nothing in the catalog. */
  danglingInPolicy(policy: Policy, catalog: CatalogTargets): readonly DanglingName[];
  danglingInRights(team: Rights, catalog: CatalogTargets): readonly DanglingName[];
  danglingInRule(rule: TargetRule, catalog: CatalogTargets): readonly DanglingName[];
}

export const targetKinds = {
  sqlDatabase: sql.sqlDatabase,
  namedTarget: named.namedTarget,
} satisfies Record<string, TargetKind>;
export type TargetKindName = keyof typeof targetKinds;
export const kindNames = namesOf(targetKinds);

export const everyKind: readonly TargetKind<TargetStepName>[] = Object.values(targetKinds);

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
