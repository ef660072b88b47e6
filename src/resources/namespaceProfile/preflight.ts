/** What has to be true before a profile is written: of the catalog, the cluster, and what the namespace has today. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { networkProblems } from "../../domain/catalog/networkReach.ts";
import { PermanentError } from "../../domain/errors.ts";
import { findProfile, type Profile } from "../../domain/profiles/profile.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { PreflightCheck } from "../definitions/preflight.ts";
import { checkAmounts } from "./amounts.ts";
import { findCutOff } from "./cutOff.ts";

interface Checked {
  readonly request: OnboardingRequest & { readonly namespaceProfile: string };
  readonly cluster: ClusterTarget;
}

export function checkProfile(ports: Ports, { request, cluster }: Checked): readonly PreflightCheck[] {
  const about = "cluster";
  const withProfile =
    (look: (profile: Profile) => ReturnType<PreflightCheck["look"]>): PreflightCheck["look"] =>
    async () =>
      await look(findProfile(ports.catalog, request.namespaceProfile));
  return [
    { about, look: withProfile((profile) => expectReach(ports, { request, cluster }, profile)) },
    { about, look: withProfile((profile) => checkAmounts(ports, { request, cluster }, profile)) },
    { about, look: withProfile((profile) => findCutOff(ports, { request, cluster }, profile)) },
  ];
}

async function expectReach({ catalog, kubernetes }: Ports, { request, cluster }: Checked, { network }: Profile) {
  const problems = networkProblems(catalog, request);
  if (problems.length > 0) {
    throw new PermanentError("PROFILE_CUTS_OFF", `${problems.map(({ detail }) => detail).join("; ")}.`);
  }
  if (!network || cluster.network.policies !== "cilium") return undefined;
  if (!(await kubernetes.kinds(cluster, "cilium.io/v2")).includes("CiliumNetworkPolicy")) {
    throw new PermanentError("CILIUM_NOT_INSTALLED", `Cluster "${cluster.alias}" has no CiliumNetworkPolicy.`);
  }
  return undefined;
}
