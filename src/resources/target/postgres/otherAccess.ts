/** Roles that can use something in a schema, with the rights that Mooring did not give. */
import { defined } from "../../../domain/defined.ts";
import { namespaceKey } from "../../../domain/naming/names.ts";
import { readMark } from "../../../domain/naming/ownership.ts";
import type { PostgresPlace, PostgresRight } from "../../../domain/targets/postgres.ts";
import type { PostgresHolder } from "../../../ports/postgres.ts";
import { type OtherAccess, type Owners, recordedMarkOf } from "../../definitions/otherAccess.ts";
import { type Looking, notedAt, thingOf } from "./role.ts";
import { wayIn } from "./uses.ts";

export async function othersInSchema(
  { postgres }: Looking,
  place: PostgresPlace,
  owners: Owners,
): Promise<readonly OtherAccess[]> {
  const holders = await postgres.holders(place);
  return holders.flatMap((holder) => besidesMooring(holder, place, owners));
}

function besidesMooring(holder: PostgresHolder, place: PostgresPlace, owners: Owners): readonly OtherAccess[] {
  const { name, type, principalId, isSuperuser } = holder;
  const owner = principalId === undefined ? undefined : owners.byPrincipalId(principalId);
  const given = givenByMooring(holder, place, owners);
  const rights = holder.rights.filter((right) => !given.has(right));
  if (rights.every((right) => wayIn.includes(right))) return [];
  return [
    {
      name,
      type,
      ...defined({ owner }),
      ...(name === place.login ? { isMooring: true as const } : {}),
      rights: (isSuperuser ? ["SUPERUSER"] : rights).map((right) => ({ right })),
    },
  ];
}

function givenByMooring(
  { name, id, principalId, comment }: PostgresHolder,
  place: PostgresPlace,
  owners: Owners,
): ReadonlySet<PostgresRight> {
  const owner = principalId === undefined ? undefined : owners.byPrincipalId(principalId);
  if (owner && !owner.hasTarget) return new Set();
  const mark = readMark(comment) ?? readMark(owner && recordedMarkOf(owner, thingOf(place, name), id));
  const isOwn = mark && (owner ? mark.berth === namespaceKey(owner.namespaceRef) : owners.isUnsure(mark.berth));
  return new Set(isOwn ? notedAt(mark, place).keys() : []);
}
