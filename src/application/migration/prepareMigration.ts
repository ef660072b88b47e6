/** Builds a migration from a namespace's record and a request. */
import { findClusterFor } from "../../domain/catalog/clusters.ts";
import { networkProblems } from "../../domain/catalog/networkReach.ts";
import { isRefusalCode, PermanentError } from "../../domain/errors.ts";
import { isGuest, namespaceKey } from "../../domain/naming/names.ts";
import {
  leadsTo,
  type Migration,
  type MigrationRequest,
  modeLeft,
  targetOf,
  towards,
  wayBetween,
} from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { modeWords, usesServiceAccount } from "../../domain/request/identityModes.ts";
import { type OnboardingRequest, selectorOf } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";

/** Whether the running migration goes in the requested direction. */
export function goesTo({ to }: Pick<MigrationRequest, "to">): (running: NamespaceRecord) => boolean {
  return ({ migration }) => migration !== undefined && targetOf(migration) === to;
}

/** A new migration, or one that had stopped and now continues, or goes back. */
export function prepareMigration(
  ports: Pick<Ports, "catalog">,
  record: NamespaceRecord,
  wanted: MigrationRequest,
): Migration {
  const { request } = record;
  const { to, until } = wanted;
  const stopped = record.migration;
  if (stopped && !leadsTo(stopped, to)) {
    const way = `from ${modeWords[modeLeft(stopped)]} to ${modeWords[targetOf(stopped)]}`;
    throw new Refusal("MIGRATION_PENDING", `A migration of ${namespaceKey(record)} ${way} has stopped partway.`);
  }
  const migration = stopped && towards(stopped, to);
  if (!migration && request.identityMode === to) {
    throw new Refusal("NOTHING_TO_MIGRATE", `${namespaceKey(record)} already uses ${modeWords[to]}.`);
  }
  try {
    findClusterFor(ports.catalog, request.cluster, to);
  } catch (error) {
    if (!(error instanceof PermanentError) || !isRefusalCode(error.code)) throw error;
    throw new Refusal(error.code, error.message);
  }
  if (isGuest(request) && !usesServiceAccount({ identityMode: to })) {
    const message = `${namespaceKey(record)} uses the identity of ${request.sharedIdentity}, which ${modeWords[to]} cannot share.`;
    throw new Refusal("MODE_NOT_ALLOWED", message);
  }
  const [cutOff] = networkProblems(ports.catalog, { ...request, identityMode: to });
  if (cutOff) throw new Refusal("PROFILE_CUTS_OFF", `${cutOff.detail}.`);
  const there = migration ?? namesLeft(request);
  const serviceAccount = nameFor("serviceAccount", there, wanted) ?? request.serviceAccount;
  const selector = nameFor("selector", there, wanted) ?? selectorOf(request);
  const way = migration ? {} : wayBetween(request.identityMode, to);
  return { ...migration, ...way, until, serviceAccount, selector };
}

/** The names of the mode that is left stay as they are. */
function namesLeft(request: OnboardingRequest): Named {
  return usesServiceAccount(request) ? { serviceAccount: request.serviceAccount } : { selector: selectorOf(request) };
}

type Named = { readonly serviceAccount?: string | undefined; readonly selector?: string | undefined };

/** An existing value stays; a request for another one is refused. */
function nameFor(field: keyof Named, there: Named, wanted: Named): string | undefined {
  const [is, asked] = [there[field], wanted[field]];
  if (is === undefined || asked === undefined || is === asked) return is ?? asked;
  const detail = `is "${is}" here; it cannot change on the way`;
  throw new Refusal("INVALID_REQUEST", `/${field}: ${detail}`, { errors: [{ pointer: `/${field}`, detail }] });
}
