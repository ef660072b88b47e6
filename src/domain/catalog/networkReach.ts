/**
 * What the network policy of a namespace's profile opens: it follows from the request. And what the policy would keep the namespace
 * from, although its request needs it.
 */
import type { FieldProblem } from "../fieldProblem.ts";
import { lookUp } from "../lookUp.ts";
import { type ClusterNetwork, loginOf, type Network, openedBy, tokenProxyOf } from "../profiles/network.ts";
import type { CatalogProfiles } from "../profiles/profile.ts";
import type { ByMode } from "../request/modes.ts";
import type { IdentityMode } from "../request/request.ts";
import type { CatalogTargets, Targets } from "../targets/index.ts";
import { type Destination, imds } from "../targets/reach.ts";
import { destinationsIn } from "../targets/rules.ts";

/** Where pods get their tokens, as far as a policy can open that: not the instance metadata service. */
const tokensFrom: ByMode<((network: ClusterNetwork) => Destination) | undefined> = {
  podIdentity: undefined,
  workloadIdentity: loginOf,
  identityBinding: tokenProxyOf,
};

interface Catalog extends CatalogTargets {
  readonly clusters: Readonly<Record<string, { readonly network: ClusterNetwork }>>;
}

export interface Reaching extends Targets {
  readonly cluster: string;
  readonly identityMode: IdentityMode;
  /** While the namespace migrates, its pods may have that one, too. */
  readonly otherMode?: IdentityMode | undefined;
}

/** What the namespace's pods have to reach, each place once. The order of a request does not count. */
export function destinationsOf(catalog: Catalog, request: Reaching, network: Network): readonly Destination[] {
  const cluster = lookUp(catalog.clusters, request.cluster);
  const tokens = [request.identityMode, ...(request.otherMode ? [request.otherMode] : [])].flatMap((mode) => {
    const from = tokensFrom[mode];
    return cluster && from ? [from(cluster.network)] : [];
  });
  const targets = destinationsIn(catalog, request);
  return [...eachOnce(tokens), ...eachOnce(targets), ...openedBy(network)];
}

/** Whether a policy that is right for the one mode keeps pods of the other from their tokens. */
export function haveOtherTokens(mode: IdentityMode, other: IdentityMode): boolean {
  const [one, another] = [tokensFrom[mode], tokensFrom[other]];
  return one !== undefined && another !== undefined && one !== another;
}

/** Several databases of one server are one place. */
function eachOnce(destinations: readonly Destination[]): readonly Destination[] {
  const keyOf = ({ hosts, addresses, ports }: Destination) => JSON.stringify([hosts, addresses, ports]);
  const byPlace = destinations.map((each) => [keyOf(each), each] as const);
  return [...new Map(byPlace)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

export function networkProblems(
  catalog: Catalog & CatalogProfiles,
  request: Reaching & { readonly namespaceProfile?: string | undefined },
): readonly FieldProblem[] {
  const { namespaceProfile: name } = request;
  const network = name === undefined ? undefined : lookUp(catalog.profiles, name)?.network;
  const cluster = lookUp(catalog.clusters, request.cluster);
  if (!network || !cluster) return [];
  const code = "PROFILE_CUTS_OFF" as const;
  if (!tokensFrom[request.identityMode]) {
    const detail = `profile "${name}" has a network policy, which denies ${imds}: pods get no tokens with pod identity`;
    return [{ pointer: "/namespaceProfile", code, detail }];
  }
  const knowsNames = cluster.network.policies === "cilium";
  return destinationsOf(catalog, request, network)
    .filter(({ addresses, hosts }) => addresses.length === 0 && !(knowsNames && hosts.length > 0))
    .map(({ pointer, what }) => {
      const detail = `profile "${name}" has a network policy, and the catalog has no addresses of ${what}`;
      return { pointer, code, detail };
    });
}
