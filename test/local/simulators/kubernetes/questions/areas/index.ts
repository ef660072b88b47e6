/** All areas, in the order in which they are asked. */
import type { Question } from "../table.ts";
import { admission } from "./admission.ts";
import type { Area } from "./area.ts";
import { deletions } from "./deletions.ts";
import { discovery } from "./discovery.ts";
import { forms } from "./forms.ts";
import { otherKinds } from "./kinds.ts";
import { lists } from "./lists.ts";
import { ownership } from "./ownership.ts";
import { patches } from "./patches.ts";
import { rights } from "./rights.ts";
import { subresources } from "./subresources.ts";

export const areas: readonly Area[] = [
  ...[discovery, patches, ownership, subresources, lists],
  ...[deletions, admission, rights, forms, otherKinds],
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
