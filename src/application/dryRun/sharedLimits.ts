/** Which plans of a batch leave no room for others after them, where Azure limits how many there may be. */
import { inGroups } from "../../domain/inGroups.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { Need } from "../../resources/definitions/sharedLimit.ts";
import { findUnfit } from "../batch/fitting.ts";

interface Planned {
  readonly plan: Plan;
  readonly needs: readonly Need[];
}

/** Azure counts slowly, and there are other callers. */
const atOnce = 8;

/** The plans, in the same order: those that do not fit beside the ones before them are blocked. */
export async function blockUnfit<Item extends Planned>(items: readonly Item[]): Promise<readonly Item[]> {
  const all = items.flatMap(({ needs }) => needs);
  const limits = new Map([...Map.groupBy(all, ({ of }) => of)].map(([of, needs]) => [of, limitOf(needs)]));
  const isTight = ({ of }: Need) => limits.get(of)?.isTight === true;
  const counted = await countAll(items, isTight);
  const free = new Map([...limits].map(([of, limit]) => [of, limit.free]));
  const unfit = new Map(findUnfit(counted, free).map((each) => [each.item, each]));
  return counted.map(({ item, needs }) => {
    const beyond = unfit.get(item);
    const need = item.needs.find(({ of }) => of === beyond?.of);
    if (!beyond || !need) return item;
    return { ...item, plan: blocked(item.plan, need, { needed: needs.get(need.of) ?? 0, added: beyond.used }) };
  });
}

/** They are not read at the same moment. */
function limitOf(needs: readonly Need[]) {
  const free = Math.min(...needs.map(({ limit, used }) => limit - used));
  return { free, isTight: needs.reduce((sum, { most }) => sum + most, 0) > free };
}

/** Only what may be tight is counted. */
async function countAll<Item extends Planned>(items: readonly Item[], isTight: (need: Need) => boolean) {
  return await inGroups(items, atOnce, async (item) => {
    const counts = item.needs.filter(isTight).map(async (need) => [need.of, await need.count()] as const);
    return { item, needs: new Map(await Promise.all(counts)) };
  });
}

function blocked(plan: Plan, { step, describe }: Need, { needed, added }: { needed: number; added: number }): Plan {
  const blocker = describe(needed, added);
  const steps = plan.steps.map((each) =>
    each.name === step ? { ...each, action: "conflict" as const, blockers: [...each.blockers, blocker] } : each,
  );
  return { ...plan, steps, blocked: true };
}
