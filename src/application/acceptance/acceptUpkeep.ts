import type { Berth } from "../../domain/naming/names.ts";
import { claimUpkeep, type Upkeep, type UpkeepOptions } from "../admission/claimExisting.ts";
import { type AcceptanceContext, type Accepted, acceptOnce, answerClaim } from "./acceptance.ts";

/** Starts a repair or a migration. */
export async function acceptUpkeep<S extends Upkeep>(
  acceptance: AcceptanceContext,
  state: S,
  options: UpkeepOptions<S> & { readonly berth: Berth },
): Promise<Accepted> {
  return await acceptOnce(acceptance, async (own) => await answerClaim(own, await claimUpkeep(own, state, options)));
}
