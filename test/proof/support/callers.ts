/** The callers in a simulated world. */
import type { Caller } from "../../../src/domain/access/caller.ts";

export const operator: Caller = { id: "operator", name: "operator", teams: [], roles: ["Onboarding.Operate"] };
export const blue: Caller = { id: "blue-member", name: "blue", teams: ["blue"], roles: ["Onboarding.Request"] };
export const red: Caller = { id: "red-member", name: "red", teams: ["red"], roles: ["Onboarding.Request"] };
/** A member of a team with a large quota. */
export const green: Caller = { id: "green-member", name: "green", teams: ["green"], roles: ["Onboarding.Request"] };
export const approver: Caller = {
  id: "approver",
  name: "approver",
  teams: [],
  roles: ["Onboarding.Approve", "Onboarding.Operate"],
};
