/** What has to be true before a profile is written: of the catalog, the cluster, and what the namespace has today. */
import { networkProblems } from "../../domain/catalog/networkReach.ts";
import { PermanentError } from "../../domain/errors.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import { findProfile, type Profile } from "../../domain/profiles/profile.ts";
import type { Ports } from "../../ports/index.ts";
import { checkPermissions } from "../definitions/ownPermissions.ts";
import type { Obstacles, PreflightCheck } from "../definitions/preflight.ts";
import { type Checked, checkAmounts } from "./amounts.ts";
import { findCutOff } from "./cutOff.ts";
import { findManaged } from "./managedNamespace.ts";

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
    { about, look: () => mayWriteManaged(ports, { request, cluster }) },
  ];
}

const action = "Microsoft.ContainerService/managedClusters/managedNamespaces";

/** Where Azure manages the namespace: whether Mooring may write the profile there. */
async function mayWriteManaged(ports: Ports, { request, cluster }: Checked): Promise<Obstacles> {
  const managed = await findManaged(ports, cluster, request);
  if (!managed) return {};
  const { conflict, notice } = await checkPermissions(ports, {
    needed: [`${action}/read`, `${action}/write`],
    scope: managed.ref.clusterId,
    where: `where cluster "${cluster.alias}" has its managed namespaces`,
  });
  return {
    blockers: conflict ? [toOperationError(conflict.code, conflict.message)] : [],
    notices: notice ? [toNotice(notice.code, notice.message)] : [],
  };
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
