/** All areas, in the order in which they are asked. */
import type { Question } from "../table.ts";
import { accountsArea } from "./accounts.ts";
import { admission } from "./admission.ts";
import type { Area } from "./area.ts";
import { berthsArea } from "./berths.ts";
import { bodies } from "./bodies.ts";
import { bounds } from "./bounds.ts";
import { callersArea } from "./callers.ts";
import { changes } from "./changes.ts";
import { clients } from "./clients.ts";
import { clusterKinds } from "./clusterKinds.ts";
import { customKinds } from "./customKinds.ts";
import { deletions } from "./deletions.ts";
import { discovery } from "./discovery.ts";
import { documents } from "./documents.ts";
import { everyday } from "./everyday.ts";
import { fences } from "./fences.ts";
import { forms } from "./forms.ts";
import { grants } from "./grants.ts";
import { guests } from "./guests.ts";
import { household } from "./household.ts";
import { hullsArea } from "./hulls.ts";
import { otherKinds } from "./kinds.ts";
import { libraries } from "./libraries.ts";
import { lifecycles } from "./lifecycles.ts";
import { lists } from "./lists.ts";
import { namespacesArea } from "./namespaces.ts";
import { network } from "./network.ts";
import { ownership } from "./ownership.ts";
import { patches } from "./patches.ts";
import { persons } from "./persons.ts";
import { queries } from "./queries.ts";
import { readings } from "./readings.ts";
import { releases } from "./releases.ts";
import { rights } from "./rights.ts";
import { runs } from "./runs.ts";
import { streams } from "./streams.ts";
import { subresources } from "./subresources.ts";
import { sweep } from "./sweep.ts";
import { tenants } from "./tenants.ts";
import { terminal } from "./terminal.ts";
import { upkeep } from "./upkeep.ts";
import { workloads } from "./workloads.ts";
import { writes } from "./writes.ts";

export const areas: readonly Area[] = [
  ...[discovery, patches, ownership, subresources, lists],
  ...[deletions, admission, rights, forms, otherKinds],
  ...[writes, workloads, network, clusterKinds, customKinds, callersArea, readings],
  ...[tenants, clients, everyday],
  ...[namespacesArea, accountsArea, changes, bodies, queries],
  ...[grants, berthsArea, runs, bounds, documents],
  ...[lifecycles, guests, hullsArea, upkeep, fences],
  ...[terminal, releases, libraries, streams, sweep, persons, household],
];

export function questionsOfAreas(): readonly Question[] {
  return areas.flatMap(({ name, asked }) =>
    asked.map(
      ([title, method, path, body, rest]): Question => ({
        id: `${name}: ${title}`,
        method,
        path,
        ...(body === undefined ? {} : { body }),
        ...rest,
      }),
    ),
  );
}
