import type { Berth } from "../../domain/naming/names.ts";
import { claimExpired } from "../admission/claimExpired.ts";
import { type AcceptanceContext, type Accepted, acceptOnce, answerClaim } from "./acceptance.ts";

/** Starts what takes away access that has ended. */
export async function acceptExpired(acceptance: AcceptanceContext, berth: Berth, now: number): Promise<Accepted> {
  return await acceptOnce(acceptance, async (own) => await answerClaim(own, await claimExpired(own, berth, now)));
}
