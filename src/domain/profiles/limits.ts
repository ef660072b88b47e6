/**
 * The LimitRange of a profile: what containers get where they say nothing, and what they may have. An API server fills in what
 * follows from other fields (pkg/apis/core/v1/defaults.go, SetDefaults_LimitRangeItem); Mooring writes it filled in, so that what it
 * reads back is what it wrote.
 */

import { z } from "zod";
import { defined } from "../defined.ts";
import { canonicalAmounts, milliOf, Quantity } from "./quantity.ts";

const Amounts = z.partialRecord(z.enum(["cpu", "memory", "ephemeral-storage"]), Quantity);
type Amounts = z.infer<typeof Amounts>;

const bounds = {
  max: Amounts.optional().meta({ description: "The most that each may have." }),
  min: Amounts.optional().meta({ description: "The least that each has to ask for." }),
};

const Container = z
  .strictObject({
    ...bounds,
    default: Amounts.optional().meta({ description: "The limits of a container that has none." }),
    defaultRequest: Amounts.optional().meta({ description: "What a container asks for that does not say it." }),
  })
  .superRefine(checkOrder);

const Pod = z.strictObject(bounds).superRefine(checkOrder);

export const Limits = z
  .strictObject({
    container: Container.optional().meta({ description: "Of each container." }),
    pod: Pod.optional().meta({ description: "Of each pod, over all of its containers." }),
  })
  .refine(({ container, pod }) => container !== undefined || pod !== undefined, "must limit container or pod")
  .meta({ description: "A LimitRange." });
export type Limits = z.infer<typeof Limits>;

/** From the least to the most: an API server refuses any other order. */
const order = ["min", "defaultRequest", "default", "max"] as const;

type Bounds = { readonly [Bound in (typeof order)[number]]?: Amounts | undefined };

function checkOrder(given: Bounds, context: z.RefinementCtx): void {
  for (const [index, higher] of order.entries()) {
    for (const lower of order.slice(0, index)) {
      for (const [resource, most] of Object.entries(given[higher] ?? {})) {
        const least = given[lower]?.[resource as keyof Amounts];
        if (least === undefined || (milliOf(least) ?? 0n) <= (milliOf(most) ?? 0n)) continue;
        context.addIssue({ code: "custom", path: [higher, resource], message: `is less than ${lower}, ${least}` });
      }
    }
  }
}

/** `spec.limits`. */
interface LimitItem extends Readonly<Partial<Record<(typeof order)[number], Readonly<Record<string, string>>>>> {
  readonly type: string;
}

export function limitItems({ container, pod }: Limits): readonly LimitItem[] {
  return [...(container ? [item("Container", filledIn(container))] : []), ...(pod ? [item("Pod", pod)] : [])];
}

function filledIn({ max, min, ...given }: Bounds): Bounds {
  const standard = { ...max, ...given.default };
  const request = { ...min, ...standard, ...given.defaultRequest };
  return defined({ max, min, default: standard, defaultRequest: request });
}

/** Fields in the order in which an API server prints them: lists are compared as JSON. */
function item(type: string, { max, min, default: standard, defaultRequest }: Bounds): LimitItem {
  const parts = { max, min, default: standard, defaultRequest };
  const shown = Object.entries(parts).flatMap(([name, amounts]) =>
    Object.keys(amounts ?? {}).length === 0 ? [] : [[name, canonicalAmounts(amounts ?? {})] as const],
  );
  return { type, ...Object.fromEntries(shown) };
}
