import { count } from "../../src/domain/count.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import type { NamespaceAction } from "../../src/domain/operation/namespaceBatch.ts";
import type { NamespaceFilter } from "../../src/domain/operation/namespaceFilter.ts";
import type { Flags } from "../arguments/flags.ts";
import { readNamespaceRef } from "../arguments/values.ts";
import { exitCodes, NotPossible, Refused, UsageError } from "../failures.ts";
import { nameOf } from "../output/namespaces.ts";
import { confirmed, type Person, personHere } from "../question.ts";
import { listAll } from "../service/pages.ts";
import type { Session } from "../session.ts";
import { printBatchPlan, start } from "./change.ts";
import { filterFlags, printFilter, readFilter } from "./filter.ts";

export const selectionOperand = { name: "cluster/namespace", isRequired: false, isMany: true } as const;

export const selectionFlags = {
  all: { summary: "Every namespace that you may see, or that matches --filter" },
  ...filterFlags,
} as const satisfies Flags;

export const yesFlags = { yes: { summary: "Do not ask first" } } as const satisfies Flags;

interface Given {
  readonly all: boolean;
  readonly filter: readonly string[];
}

/** The selection as the service expects it. */
type Choice =
  | { readonly namespaces: readonly NamespaceRef[] }
  | { readonly filter: NamespaceFilter }
  | { readonly all: true };

/** Undefined for one namespace, which has its own route. */
export function choiceOf({ all, filter }: Given, operands: readonly string[]): Choice | undefined {
  if (filter.length > 0 || all) {
    const [surplus] = operands;
    if (surplus !== undefined)
      throw new UsageError(`"${surplus}" cannot be combined with ${all ? "--all" : "--filter"}.`);
    return filter.length > 0 ? { filter: readFilter(filter) } : { all: true };
  }
  if (operands.length === 0)
    throw new UsageError("Name namespaces, or give --all or --filter.", { next: ["mooring list"] });
  return operands.length === 1 ? undefined : { namespaces: operands.map(readNamespaceRef) };
}

export interface Wanted {
  readonly action: NamespaceAction;
  readonly options?: object;
  readonly choice: Choice;
  readonly isDryRun?: boolean;
  /** The ETag of a plan, so that only the planned namespaces are changed. */
  readonly ifMatch?: string | undefined;
  /** Set for actions that cannot be undone: whether the user confirmed in advance. */
  readonly isConfirmed?: boolean;
}

const route = "POST /api/namespaces/batch";

/** Plans or sends one operation for all of them; follows it with --wait. */
export async function changeMany(session: Session, wanted: Wanted, person = personHere()): Promise<number> {
  try {
    return await change(session, wanted, person);
  } catch (error) {
    const { choice } = wanted;
    if (!(error instanceof Refused) || error.problem.code !== "NOTHING_CHOSEN" || !("filter" in choice)) throw error;
    throw new Refused(error.problem, { filter: printFilter(choice.filter) });
  }
}

async function change(session: Session, wanted: Wanted, person: Person | undefined): Promise<number> {
  const { action, options = {}, isDryRun = false, ifMatch, isConfirmed } = wanted;
  if (isDryRun) {
    const body = { action, ...options, ...wanted.choice };
    const call = { route, body, ifMatch } as const;
    return await printBatchPlan(session, await session.client.plan(call, ["totals", "items"]));
  }
  const mustAsk = isConfirmed === false;
  if (mustAsk && !person) {
    throw new UsageError(`No terminal to ask whether to ${action} them.`, {
      next: ["--dry-run shows what would happen to each", "--yes continues without asking"],
    });
  }
  const choice = mustAsk && person ? await confirm(session, wanted, person) : wanted.choice;
  if (choice === undefined) return exitCodes.refused;
  const title = `${action} ${"namespaces" in choice ? count(choice.namespaces.length, "namespace") : "namespaces"}`;
  const call = { route, body: { action, ...options, ...choice }, ifMatch } as const;
  return await start(session, { call, title });
}

/** The limit of a batch. */
const mostOfBatch = 1_000;
const mostNamed = 5;

/** The namespaces that the person confirmed, by name, so that any that match the filter later are not included. */
async function confirm(session: Session, { action, choice }: Wanted, person: Person): Promise<Choice | undefined> {
  const names = "namespaces" in choice ? choice.namespaces : await listChosen(session, choice);
  return (await confirmed(session, questionOf(action, names), person)) ? { namespaces: names } : undefined;
}

/** `offboard 7 namespaces (a/b, c/d, … and 2 more)?` */
export function questionOf(action: NamespaceAction, names: readonly NamespaceRef[]): string {
  const first = names.slice(0, mostNamed).map(nameOf).join(", ");
  const rest = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  return `${action} ${count(names.length, "namespace")} (${first}${rest})?`;
}

async function listChosen({ client }: Session, choice: Exclude<Choice, { namespaces: unknown }>) {
  const query = "filter" in choice ? choice.filter : {};
  const call = { route: "GET /api/namespaces", query } as const;
  const { value, isCut } = await listAll(client, call, mostOfBatch);
  if (value.length === 0) {
    if (!("filter" in choice)) throw new NotPossible("No namespace that you may see is onboarded.");
    const next = [`mooring list --filter ${printFilter(choice.filter)}`];
    throw new NotPossible("No namespace matches the filter.", { next });
  }
  if (isCut) {
    throw new NotPossible(`More than ${mostOfBatch} namespaces match, the limit of a batch.`, {
      next: ["--filter cluster=…, team=… or state=… narrows it; send several"],
    });
  }
  return value.map(({ cluster, namespace }) => ({ cluster, namespace }));
}
