/** The claim as a table: which record a request finds, who asks, what they are told, and what the record is then. */
import { expect, it } from "vitest";
import type { AdmissionOptions } from "../../../src/application/admission/admission.ts";
import { claimOnboarding } from "../../../src/application/admission/claim.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";
import { catalog, member, operator } from "../../support/teams.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "shared-1" };
const requestFor = (roles: Readonly<Record<string, readonly string[]>>, changes: object = {}) =>
  OnboardingRequest.parse({
    ...namespaceRef,
    databases: Object.entries(roles).map(([database, given]) => ({ server: "sql-dev", database, roles: given })),
    ...changes,
  });
const wanted = requestFor({ messages: ["reader"] });
const more = requestFor({ messages: ["reader"], orders: ["reader"] });
const other = requestFor({ orders: ["reader"] });

const red = member("red");
const blue = member("blue");

const base = {
  ...{ ...namespaceRef, operation: "old", requestedBy: red.id, acceptedTime: "2026-11-29T00:00:00Z", team: "red" },
};
const of = (request: OnboardingRequest) => ({ ...base, request, requestHash: hashRequest(request) });
const onboarded = (request: OnboardingRequest): NamespaceRecord => ({
  ...of(request),
  ...{ state: "Onboarded", onboardedBy: "older" },
});
const incomplete = (request: OnboardingRequest, rest: object = {}): NamespaceRecord => ({
  ...of(request),
  ...rest,
  state: "Incomplete",
});
const previous = (depth: number): NamespaceRecord["previous"] => ({
  ...of(wanted),
  ...(depth === 1 ? { state: "Onboarded" } : { state: "Incomplete", previous: previous(depth - 1) as never }),
});

interface Case {
  readonly found?: NamespaceRecord;
  readonly asks?: OnboardingRequest;
  readonly by?: Caller;
  readonly options?: AdmissionOptions;
  /** The ID that its operation has to have. */
  readonly as?: string;
  /** Another writer is faster, once. */
  readonly raced?: NamespaceRecord;
  /** How it holds or does not hold the namespace, or the code of the refusal. */
  readonly told: string;
  /** The operation that the answer names; `own`: a new one. */
  readonly operation?: string;
  /** Of the record afterwards; without it, the record is as it was found. */
  readonly leaves?: Partial<NamespaceRecord>;
}

const claims: Readonly<Record<string, Case>> = {
  "of a new namespace": { told: "begun", operation: "own", leaves: { state: "Onboarding", team: "red" } },
  "by nobody's team": { by: member(), told: "NOT_ALLOWED" },
  "for a database that the team may not have": {
    asks: requestFor({ orders: ["writer"] }),
    told: "NOT_ALLOWED",
  },
  "of what is onboarded as asked": { found: onboarded(wanted), told: "unchanged", operation: "older" },
  "of what is being onboarded as asked": {
    found: { ...of(wanted), state: "Onboarding" },
    told: "follows",
    operation: "old",
  },
  "of what is being onboarded otherwise": {
    found: { ...of(more), state: "Onboarding" },
    told: "OPERATION_IN_PROGRESS",
  },
  "of what is being offboarded": {
    found: {
      ...of(wanted),
      state: "Offboarding",
      offboarding: {
        ignoreDependants: false,
        before: { state: "Onboarded", operation: "older", requestedBy: red.id, acceptedTime: base.acceptedTime },
      },
    },
    told: "OPERATION_IN_PROGRESS",
  },
  "of what is being repaired": { found: { ...of(wanted), state: "Repairing" }, told: "OPERATION_IN_PROGRESS" },
  "whose first attempt wrote the record and got no answer": {
    found: { ...of(wanted), state: "Onboarding" },
    as: "old",
    told: "begun",
    operation: "old",
  },
  "whose operation has ended meanwhile": { found: onboarded(wanted), as: "old", told: "follows", operation: "old" },
  "that adds a database": {
    found: onboarded(wanted),
    asks: more,
    told: "begun",
    operation: "own",
    leaves: {
      state: "Changing",
      earlier: wanted,
      request: more,
      previous: expect.objectContaining({ operation: "old" }),
    },
  },
  "that removes a database, unasked": {
    found: onboarded(more),
    asks: wanted,
    told: "REMOVAL_NOT_CONFIRMED",
  },
  "that removes a database, as its sender says": {
    found: onboarded(more),
    asks: wanted,
    options: { isRemovalConfirmed: true },
    told: "begun",
    operation: "own",
    leaves: { state: "Changing", earlier: more, request: wanted },
  },
  "whose sender saw something else": {
    found: onboarded(more),
    asks: wanted,
    options: {
      expect() {
        throw new Refusal("NAMESPACE_CHANGED", "It is other than you saw.");
      },
    },
    told: "NAMESPACE_CHANGED",
  },
  "that changes the identity mode": {
    found: onboarded(wanted),
    asks: requestFor({ messages: ["reader"] }, { identityMode: "podIdentity" }),
    told: "MODE_CHANGE_REFUSED",
  },
  "in the middle of a migration": {
    found: {
      ...onboarded(wanted),
      migration: { until: "verify", completed: "verify", serviceAccount: "app", selector: "shared-1" },
    } as NamespaceRecord,
    asks: more,
    told: "MIGRATION_PENDING",
  },
  "of what an operation left incomplete, for the same request": {
    found: incomplete(wanted),
    told: "begun",
    operation: "own",
    leaves: { state: "Onboarding", previous: expect.objectContaining({ state: "Incomplete", operation: "old" }) },
  },
  "of what a change left incomplete, for the earlier of its two requests": {
    found: incomplete(more, { earlier: wanted }),
    told: "begun",
    operation: "own",
    leaves: { state: "Changing", earlier: more, request: wanted },
  },
  "of what a change left incomplete, for a third request": {
    found: incomplete(more, { earlier: wanted }),
    asks: other,
    told: "NAMESPACE_INCOMPLETE",
  },
  "after five operations that stopped on the way": {
    found: incomplete(wanted, { previous: previous(6) }),
    told: "NAMESPACE_INCOMPLETE",
  },
  "by another team": { found: onboarded(wanted), by: blue, told: "NAMESPACE_TAKEN" },
  "by another team, of what is being onboarded": {
    found: { ...of(wanted), state: "Onboarding" },
    by: blue,
    told: "NAMESPACE_TAKEN",
  },
  "by an operator who names no team": {
    found: onboarded(wanted),
    asks: more,
    by: operator,
    told: "begun",
    operation: "own",
    leaves: { state: "Changing", team: "red", requestedBy: operator.id },
  },
  "that takes the namespace over, by a team": {
    found: onboarded(wanted),
    by: blue,
    options: { takeOver: true },
    told: "FORBIDDEN",
  },
  "that takes the namespace over for another team": {
    found: onboarded(wanted),
    asks: requestFor({ messages: ["reader"] }, { team: "blue" }),
    by: operator,
    options: { takeOver: true },
    told: "begun",
    operation: "own",
    leaves: { state: "Onboarding", team: "red", takenBy: "blue" },
  },
  "that loses the race for a new namespace to the same request": {
    raced: { ...of(wanted), state: "Onboarding" },
    told: "follows",
    operation: "old",
  },
  "that loses the race for a new namespace to another one": {
    raced: { ...of(more), state: "Onboarding" },
    told: "OPERATION_IN_PROGRESS",
  },
  "that loses the race for a free namespace": {
    found: onboarded(wanted),
    asks: more,
    raced: { ...of(wanted), state: "Repairing" },
    told: "OPERATION_IN_PROGRESS",
  },
};

/** Before the first write, somebody else's record is there. */
function outrun(ports: Ports, winner: NamespaceRecord): Ports["registry"] {
  const { registry } = ports;
  let isOver = false;
  const win = async () => {
    if (isOver) return;
    isOver = true;
    const current = await registry.getNamespace(namespaceRef);
    await (current ? registry.replaceNamespace({ ...winner, etag: current.etag }) : registry.insertNamespace(winner));
  };
  return {
    ...registry,
    insertNamespace: (record) => win().then(() => registry.insertNamespace(record)),
    replaceNamespace: (record) => win().then(() => registry.replaceNamespace(record)),
  };
}

it.each(Object.entries(claims))("a claim %s", async (_what, each) => {
  const { found, asks = wanted, by = red, options = {}, raced, as, told, operation, leaves } = each;
  const cloud = createFakeCloud();
  if (found) await cloud.ports.registry.insertNamespace(found);
  const before = cloud.namespaces.get("aks-dev/shared-1");
  const ports: Ports = { ...cloud.ports, catalog, ...(raced ? { registry: outrun(cloud.ports, raced) } : {}) };
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" as const;
  const claimContext = { ports, by, traceparent, ...(as === undefined ? {} : { operation: as }) };

  const claim = await claimOnboarding(claimContext, asks, options).catch((error: unknown) => {
    if (error instanceof Refusal) return error;
    throw error;
  });

  expect(claim instanceof Refusal ? claim.code : claim.how).toBe(told);
  const record = cloud.namespaces.get("aks-dev/shared-1");
  if (!(claim instanceof Refusal)) {
    expect(claim.record.operation).toBe(operation === "own" ? record?.operation : operation);
    expect(claim.record.operation === "old" || claim.record.operation === "older").toBe(operation !== "own");
  }
  if (leaves) expect(record).toMatchObject(leaves);
  else if (raced) expect(record).toMatchObject(raced);
  else expect(record).toEqual(before);
  // Only a claim of its own may be written, and only the registry: the operation's record comes with its start.
  expect([...cloud.operations.keys()]).toEqual([]);
});
