/** Profiles with a network policy in a simulated world: what its catalog says, what a policy has to open, and what others do to one. */

import type { Dice } from "test-support/random";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { namesOfProfile, namespaceKey } from "../../../src/domain/naming/names.ts";
import { readMetadata } from "../../../src/domain/naming/ownership.ts";
import { usesSelector } from "../../../src/domain/request/identityModes.ts";
import type { ByMode } from "../../../src/domain/request/modes.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { ObjectRef } from "../../../src/ports/kubernetes.ts";
import { edit, place, print, refKey } from "../../support/models/kubernetes.ts";
import { roleTargets } from "./roleTargets.ts";
import type { World } from "./world.ts";

const network = { within: true, from: [], to: [], destinations: [] };
const [billing, archive] = ["10.8.0.0/16", "10.8.1.0/24"];

/** A change between them adds and removes rules, and the quota. */
const profiles = Catalog.shape.profiles.parse({
  closed: { quota: { pods: 7 }, network },
  guarded: { network: { ...network, within: false, from: ["ingress"], destinations: [{ addresses: [billing] }] } },
});

/** What an operator makes of them. */
const revised = Catalog.shape.profiles.parse({
  closed: { quota: { pods: 9 }, network: { ...network, to: ["billing"], destinations: [{ addresses: [archive] }] } },
  guarded: { quota: { pods: 7 } },
});

const places = [...["sql-a", "sql-b", "ledger", "archive", "monthly", "shop", "carts"], ...Object.keys(roleTargets)];

function blockOf(alias: string): string {
  return `10.1.${places.indexOf(alias)}.0/24`;
}

/** Where pods of each mode get their tokens. */
const tokensAt: ByMode<string | undefined> = {
  podIdentity: undefined,
  workloadIdentity: "20.190.128.0/18",
  identityBinding: "10.9.0.0/24",
};

/** The catalog, with these profiles, and with the address of everything in it. */
export function withNetworks({ clusters, sqlServers, targets, ...catalog }: Catalog, dice: Dice): Catalog {
  const addresses = (block = "") => ({ addresses: [block] });
  const located = <T extends object>(entries: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(entries).map(([alias, each]) => [alias, { ...each, network: addresses(blockOf(alias)) }]),
    );
  const { aks } = clusters;
  if (!aks) throw new Error("the catalog has no cluster");
  const ofCluster = {
    policies: dice.pick(["kubernetes", "cilium"] as const),
    login: { ...aks.network.login, ...addresses(tokensAt.workloadIdentity) },
    tokenProxy: { ...aks.network.tokenProxy, ...addresses(tokensAt.identityBinding) },
  };
  return {
    ...catalog,
    clusters: { aks: { ...aks, network: ofCluster } },
    sqlServers: located(sqlServers),
    targets: located(targets),
    profiles: { ...catalog.profiles, ...profiles },
  };
}

/** The request, perhaps with one of these profiles. With pod identity none may have a network policy. */
export function withNetworkProfile(dice: Dice, request: OnboardingRequest): OnboardingRequest {
  const { namespaceProfile: _other, ...rest } = request;
  const chosen = dice.pick([undefined, ...Object.keys(profiles)]);
  const identityMode = usesSelector(request) ? "workloadIdentity" : request.identityMode;
  return { ...rest, identityMode, ...(chosen === undefined ? {} : { namespaceProfile: chosen }) };
}

const kinds = {
  kubernetes: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
  cilium: { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
} as const;

/** Names of calls that a permanent fault may hit. */
export const lastingOnNetworks = Object.values(kinds).map(({ kind }) => new RegExp(`^(apply|remove) ${kind}$`));

export function isPolicyKind(kind: string): boolean {
  return Object.values(kinds).some((each) => each.kind === kind);
}

type Seen = Pick<World, "objects" | "catalog">;

function findPolicy({ objects }: Pick<World, "objects">, ref: ObjectRef) {
  const stored = objects.get(refKey(ref));
  return stored && stored.goodbyes === undefined ? print(stored) : undefined;
}

function refOf({ namespace }: Pick<OnboardingRequest, "namespace">, of: (typeof kinds)[keyof typeof kinds]): ObjectRef {
  return { ...of, namespace, name: namesOfProfile.network };
}

function engineIn({ catalog }: Pick<World, "catalog">, { cluster }: OnboardingRequest): keyof typeof kinds {
  return catalog.clusters[cluster]?.network.policies ?? "kubernetes";
}

/** Besides DNS. */
function blocksIn(policy: object): readonly string[] {
  const blocks = [...JSON.stringify(policy).matchAll(/"cidr":"([^"]+)"/g)].map(([, block = ""]) => block);
  return blocks.filter((block) => !block.startsWith("169.254."));
}

const everyToken = Object.values(tokensAt).filter((block) => block !== undefined);

/** The policy opens what the request names and where its mode gets tokens, and nothing else but what another mode needs. */
export function checkPolicy(world: Seen, request: OnboardingRequest): readonly string[] {
  const { databases, targets = [], namespaceProfile = "", identityMode } = request;
  const wanted = world.catalog.profiles[namespaceProfile]?.network;
  const engine = engineIn(world, request);
  const problems = Object.entries(kinds).flatMap(([each, kind]) => {
    const found = findPolicy(world, refOf(request, kind));
    const isOurs = found !== undefined && readMetadata(found.metadata)?.berth === namespaceKey(request);
    return isOurs && (!wanted || each !== engine) ? [`${kind.kind} is left over`] : [];
  });
  if (!wanted) return problems;
  const policy = findPolicy(world, refOf(request, kinds[engine]));
  if (!policy) return [...problems, `${kinds[engine].kind} is missing`];
  const named = [...databases.map(({ server }) => server), ...targets.map(({ target }) => target)].map(blockOf);
  const more = wanted.destinations.flatMap(({ addresses = [] }) => addresses);
  const expected = new Set([...named, ...more]);
  const opened = new Set(blocksIn(policy));
  const token = tokensAt[identityMode];
  return [
    ...problems,
    ...[...expected, ...(token === undefined ? [] : [token])]
      .filter((block) => !opened.has(block))
      .map((block) => `the network policy closes ${block}`),
    ...[...opened]
      .filter((block) => !expected.has(block) && !everyToken.includes(block))
      .map((block) => `the network policy opens ${block}, and nobody asks for it`),
  ];
}

/** The policy opens the tokens of no mode but the request's. */
export function checkTokens(world: Seen, request: OnboardingRequest): readonly string[] {
  const policy = findPolicy(world, refOf(request, kinds[engineIn(world, request)]));
  if (!policy || readMetadata(policy.metadata)?.berth !== namespaceKey(request)) return [];
  const others = everyToken.filter((block) => block !== tokensAt[request.identityMode]);
  const opened = blocksIn(policy).filter((block) => others.includes(block));
  return opened.map((block) => `the network policy opens ${block}, which is for another mode`);
}

/** What somebody does to the policy, or what it follows from; undefined if there was nothing to change. */
export const onNetworks: Readonly<
  Record<string, (world: World, request: OnboardingRequest) => "repairable" | undefined>
> = {
  "deletes the network policy": (world, request) => (removeOwn(world, request) ? "repairable" : undefined),
  "edits the network policy"(world, request) {
    const ref = ownRef(world, request);
    if (!ref) return undefined;
    edit(world.objects, ref, ["spec", "egress"], []);
    return "repairable";
  },
  "adds a network policy"({ objects, newGuid, visitors }, { namespace }) {
    const ref = { ...kinds.kubernetes, namespace, name: "theirs" };
    if (!objects.has(refKey({ apiVersion: "v1", kind: "Namespace", name: namespace }))) return undefined;
    if (objects.has(refKey(ref))) return undefined;
    const { apiVersion, kind, name } = ref;
    place(
      objects,
      { apiVersion, kind, metadata: { name, namespace }, spec: { podSelector: {}, egress: [{}] } },
      { uid: newGuid() },
    );
    visitors.brought.add(refKey(ref));
    return "repairable";
  },
  "revises the profiles"({ catalog }) {
    Object.assign(catalog, { profiles: { ...catalog.profiles, ...revised } });
    return "repairable";
  },
};

function ownRef(world: Seen, request: OnboardingRequest): ObjectRef | undefined {
  const ref = refOf(request, kinds[engineIn(world, request)]);
  const found = findPolicy(world, ref);
  return found && readMetadata(found.metadata)?.berth === namespaceKey(request) ? ref : undefined;
}

function removeOwn(world: World, request: OnboardingRequest): boolean {
  const ref = ownRef(world, request);
  return ref !== undefined && world.objects.delete(refKey(ref));
}
