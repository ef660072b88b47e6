import { strongest } from "../../domain/operation/actions.ts";
import type { Decision } from "./targetFamily.ts";
import { eachByItself, inOrder } from "./tidying.ts";

/** One step may act on several places, and at one place on several users. Usually there is one of each. */
export function joined(decisions: readonly Decision[]): Decision {
  return {
    action: strongest(decisions.map(({ action }) => action)),
    differences: decisions.flatMap(({ differences }) => differences),
    conflict: decisions.find(({ conflict }) => conflict)?.conflict,
    others: decisions.flatMap(({ others = [] }) => others),
    lent: decisions.flatMap(({ lent = [] }) => lent),
    notices: decisions.flatMap(({ notices = [] }) => notices),
    writes: eachByItself(decisions.flatMap(({ writes }) => (writes.length > 0 ? [() => inOrder(writes)] : []))),
    tidying: decisions.flatMap(({ tidying = [] }) => tidying),
    stays: decisions.flatMap(({ stays = [] }) => stays),
  };
}
