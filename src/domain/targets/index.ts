/**
 * The kinds of target. Add a new kind here: its fields in requests, catalog, rights and approval rules, and its entry in the list
 * that everything else iterates over.
 */

import { z } from "zod";
import { defined } from "../defined.ts";
import { namesOf } from "../lookUp.ts";
import * as named from "./namedTarget.ts";
import type { Destination } from "./reach.ts";
import * as sql from "./sqlDatabase.ts";
import type { DanglingName, Refused, Remembered, Right, Ruled, TargetSteps, WantedThere } from "./target.ts";

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
export type Rights = z.infer<z.ZodObject<typeof rightsFields>>;
/** Picks the rights from a team, which also has other fields. */
export function rightsOf(team: Rights): Partial<Rights> {
  return Object.fromEntries(Object.entries(team).filter(([name]) => Object.hasOwn(rightsFields, name)));
}

/** What a team's approval rule may name, and what the policy for everybody may. */
export const ruleFields = { ...sql.ruleFields, ...named.ruleFields };
export const policyFields = { ...sql.policyFields, ...named.policyFields };
export type TargetRule = z.infer<z.ZodObject<typeof ruleFields>>;
type Policy = z.infer<z.ZodObject<typeof policyFields>>;

/** Everything that is known about a kind of target without calling Azure; wanted.ts and rules.ts ask it of each target of a request. */
interface TargetKind<Step extends string = string> {
  /** In the singular, for people: `database`; and what a word of its access is: `role`. */
  readonly noun: string;
  readonly word: string;
  /** The fields of an entry in a request that a refusal points at: its place, its name, its words. */
  readonly fields: { readonly place: string; readonly name: string; readonly words: string };
  readonly steps: TargetSteps<Step>;
  read(request: Targets): readonly WantedThere[];
  /** The fields of a request that ask for that. */
  write(wanted: readonly WantedThere[]): Partial<Targets>;
  /** Whether those words give all that the word gives. */
  covers(words: readonly string[], word: string): boolean;
  /** Whether a change to these words revokes something that the word gave by itself. */
  narrows(next: readonly string[], word: string): boolean;
  /** Whether a rule about the first is one about the second, too. */
  rules(ruled: string, word: string): boolean;
  /** The words that the catalog offers; undefined if it does not list that. */
  offered(catalog: CatalogTargets, key: string): readonly string[] | undefined;
  environmentOf(catalog: CatalogTargets, key: string): string | undefined;
  destination(catalog: CatalogTargets, wanted: WantedThere): Destination | undefined;
  isMoved(catalog: CatalogTargets, key: string, remembered: Remembered): boolean;
  refused(catalog: CatalogTargets, wanted: WantedThere): readonly Refused[];
  rights(team: Rights): readonly Right[];
  ruled(rule: TargetRule): Ruled;
  /** The approval rules for everybody, one for each list in the catalog. */
  rulesOf(policy: Policy): readonly TargetRule[];
  /** Names in the catalog's policy or in a team's rules that refer to nothing in the catalog. */
  danglingInPolicy(policy: Policy, catalog: CatalogTargets): readonly DanglingName[];
  danglingInRule(rule: TargetRule, catalog: CatalogTargets): readonly DanglingName[];
}

export const targetKinds = {
  sqlDatabase: sql.sqlDatabase,
  namedTarget: named.namedTarget,
} satisfies Record<string, TargetKind>;
export type TargetKindName = keyof typeof targetKinds;
export const kindNames = namesOf(targetKinds);

export const everyKind: readonly TargetKind<TargetStepName>[] = Object.values(targetKinds);

export function kindOf(name: TargetKindName): TargetKind<TargetStepName> {
  return targetKinds[name];
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

/** The message for a request without any target. */
export const someTarget = `must name at least one ${everyKind.map(({ noun }) => noun).join(" or ")}`;
