/** From the body of a batch to its requests, or one refusal that names everything wrong with any of them. */

import { z } from "zod";
import { checkAgainstCatalog } from "../../domain/catalog/checkRequest.ts";
import { defined } from "../../domain/defined.ts";
import { isOfPolicy } from "../../domain/errors.ts";
import type { FieldProblem } from "../../domain/fieldProblem.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { mostRequests } from "../../domain/operation/batch.ts";
import { NamespaceBatchBody, type NamespaceWork } from "../../domain/operation/namespaceBatch.ts";
import { findExpiryProblems } from "../../domain/policy/expiry.ts";
import { decideTeam, mayOperate } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { SentAs } from "../../domain/request/sentRequest.ts";
import { readSentRequest } from "../../domain/request/sentRequest.ts";
import { parseFields, type Reader, toProblems } from "./readRequest.ts";

/** Nobody would read more, and a body of 1 MB can have very many. */
const mostProblems = 100;

const Envelope = z.strictObject(
  {
    requests: z
      .array(z.unknown())
      .min(1, "must hold at least one request")
      .max(mostRequests, `must hold at most ${mostRequests} requests; send the others as another batch`),
  },
  { error: ({ code }) => (code === "invalid_type" ? 'must be an object: { "requests": [ … ] }' : undefined) },
);

export interface NamespaceBatch {
  readonly work: NamespaceWork;
  readonly which: Pick<NamespaceBatchBody, "filter" | "namespaces">;
}

export function readNamespaceBatch(sent: unknown): NamespaceBatch {
  const { filter, namespaces, all: _every, ...work } = parseFields(NamespaceBatchBody, sent);
  return { work, which: defined({ filter, namespaces }) };
}

export function readRequests(
  reader: Reader,
  body: unknown,
): readonly { readonly request: OnboardingRequest; readonly sentAs: SentAs }[] {
  const { requests } = parseFields(Envelope, body);
  const problems: FieldProblem[] = [];
  const read = requests.flatMap((value, index) => {
    const at = `/requests/${index}`;
    const add = (found: readonly FieldProblem[]) =>
      problems.push(...found.map((each) => ({ ...each, pointer: at + each.pointer })));
    const { read: sent, asSent, namespaceField } = readSentRequest(value);
    if ("issues" in sent) {
      add(sent.issues.flatMap(toProblems));
      return [];
    }
    const { request } = sent;
    add(catalogProblems(reader, request).map((each) => ({ ...each, pointer: asSent(each.pointer) })));
    const sentAs = namespaceField ? { namespaceField } : {};
    return [{ index, request, sentAs, pointer: `${at}${asSent("/namespace")}` }];
  });
  problems.push(...findRepeated(reader, read));
  if (problems.length > 0) throw refuse(problems);
  return read;
}

/**
 * What the caller may not ask for, or what the catalog does not have. A request that no team of the caller may make is not
 * checked against the catalog (readRequest.ts says why).
 */
function catalogProblems({ catalog, by }: Reader, request: OnboardingRequest): readonly FieldProblem[] {
  const decided = mayOperate(by) ? undefined : decideTeam(catalog, by, request, Date.now());
  if (decided && "denial" in decided) {
    const { code, message, errors = [{ pointer: "", detail: message.replace(/\.$/, "") }] } = decided.denial;
    return errors.map((each) => ({ ...each, code }));
  }
  // Each item is checked again when it is accepted.
  return [...checkAgainstCatalog(catalog, request), ...findExpiryProblems(catalog, request, { now: Date.now() })];
}

function mayAskFor({ catalog, by }: Reader, request: OnboardingRequest): boolean {
  return mayOperate(by) || !("denial" in decideTeam(catalog, by, request));
}

/** With two requests for one namespace, the outcome would not show which one was meant. */
function findRepeated(
  reader: Reader,
  read: readonly { readonly index: number; readonly request: OnboardingRequest; readonly pointer: string }[],
): readonly FieldProblem[] {
  const first = new Map<string, { readonly index: number; readonly request: OnboardingRequest }>();
  return read.flatMap(({ index, request, pointer }) => {
    const { cluster, namespace } = request;
    // Two aliases may name one cluster; only callers who may use both learn that.
    const known = mayAskFor(reader, request) ? lookUp(reader.catalog.clusters, cluster) : undefined;
    const place = `${known?.apiServer ?? cluster} ${namespace}`;
    const before = first.get(place);
    if (before === undefined) {
      first.set(place, { index, request });
      return [];
    }
    const other = before.request.cluster === cluster ? "" : `, which "${before.request.cluster}" names, too`;
    const detail = `${namespaceKey(request)}${other} appears twice: in /requests/${before.index} and in /requests/${index}`;
    return [{ pointer, code: "INVALID_REQUEST", detail }];
  });
}

function refuse(problems: readonly FieldProblem[]): Refusal {
  const shown = problems.slice(0, mostProblems).map(({ pointer, detail }) => ({ pointer, detail }));
  const left = problems.length - shown.length;
  const errors = left === 0 ? shown : [...shown, { pointer: "/requests", detail: `and ${left} more` }];
  const [first] = shown;
  const has = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const message = `The batch has ${has}, and none of it was accepted. The first: ${first?.pointer}: ${first?.detail}.`;
  // One request that policy refuses makes the refusal policy's, so that it is in the audit trail.
  const code = problems.find(({ code }) => isOfPolicy(code))?.code ?? "INVALID_REQUEST";
  return new Refusal(code, message, { errors });
}
