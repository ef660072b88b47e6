/** Who may do what: roles that are given while questions are asked, other callers, tokens, and the reviews that tell. */
import type { Area } from "./area.ts";
import { reviewsAsked } from "./persons/reviews.ts";
import { rolesAsked } from "./persons/roles.ts";

export const persons: Area = { name: "persons", asked: [...rolesAsked, ...reviewsAsked] };
