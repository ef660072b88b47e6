/** All areas, in the order in which they are asked. */
import type { Question } from "../table.ts";
import { admission } from "./admission.ts";
import type { Area } from "./area.ts";
import { callersArea } from "./callers.ts";
import { clients } from "./clients.ts";
import { clusterKinds } from "./clusterKinds.ts";
import { customKinds } from "./customKinds.ts";
import { deletions } from "./deletions.ts";
import { discovery } from "./discovery.ts";
import { everyday } from "./everyday.ts";
import { forms } from "./forms.ts";
import { otherKinds } from "./kinds.ts";
import { lists } from "./lists.ts";
import { network } from "./network.ts";
import { ownership } from "./ownership.ts";
import { patches } from "./patches.ts";
import { readings } from "./readings.ts";
import { rights } from "./rights.ts";
import { subresources } from "./subresources.ts";
import { tenants } from "./tenants.ts";
import { workloads } from "./workloads.ts";
import { writes } from "./writes.ts";

export const areas: readonly Area[] = [
  ...[discovery, patches, ownership, subresources, lists],
  ...[deletions, admission, rights, forms, otherKinds],
  ...[writes, workloads, network, clusterKinds, customKinds, callersArea, readings],
  ...[tenants, clients, everyday],
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
