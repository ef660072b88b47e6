import { createSlots } from "../slots.ts";

export interface HttpLimits {
  /** How many requests run at a time; the others wait. */
  readonly maxConcurrentRequests: number;
  /** How many run or wait. */
  readonly maxOutstandingRequests: number;
}

/** False, without doing anything, when as many requests run or wait as may. */
export type Throttle = (work: () => Promise<void>) => Promise<boolean>;

/** Enforces the limits of host.json as Azure's host does (HttpThrottleMiddleware, HttpRequestQueue). */
export function createThrottle({ maxConcurrentRequests, maxOutstandingRequests }: HttpLimits): Throttle {
  const slots = createSlots(maxConcurrentRequests);
  let outstanding = 0;
  return async (work) => {
    if (outstanding >= maxOutstandingRequests) return false;
    outstanding += 1;
    try {
      await new Promise<void>((resolve, reject) => slots.run(() => work().then(resolve, reject)));
    } finally {
      outstanding -= 1;
    }
    return true;
  };
}
