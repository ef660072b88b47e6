import { claimUpkeep, type Upkeep, type UpkeepOptions } from "../../application/admission/claimExisting.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { type Accepted, acceptOnce, answerClaim, type Desk } from "./acceptance.ts";

/** Begins a repair or a migration. */
export async function acceptUpkeep<S extends Upkeep>(
  desk: Desk,
  state: S,
  options: UpkeepOptions<S> & { readonly berth: Berth },
): Promise<Accepted> {
  return await acceptOnce(desk, async (own) => await answerClaim(own, await claimUpkeep(own, state, options)));
}
