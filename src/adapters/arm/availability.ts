/** Whether a subscription, or a cloud, has an API at all: ARM says so by codes, and by 404, as it does for what is not there. */
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import { codeOf, isNotFound } from "./errors.ts";

const unavailable: ReadonlySet<string> = new Set([
  "InvalidApiVersionParameter",
  "InvalidResourceType",
  "MissingSubscriptionRegistration",
  "NoRegisteredProviderFound",
  "PreviewFeatureNotRegistered",
  "SubscriptionNotRegistered",
]);

export interface Availability {
  /** The call, whose refusal has that code if there is no such API. */
  explained<T>(call: () => Promise<T>): Promise<T>;
  /** The same, or something else for what is not there. */
  unlessGone<T>(look: () => Promise<T>, otherwise: T): Promise<T>;
}

export function createAvailability(code: PermanentCode): Availability {
  async function explained<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof PermanentError) || !unavailable.has(codeOf(error.cause) ?? "")) throw error;
      throw new PermanentError(code, error.message, { cause: error.cause });
    }
  }
  return {
    explained,
    async unlessGone(look, otherwise) {
      try {
        return await explained(look);
      } catch (error) {
        const isGone = error instanceof PermanentError && error.code === "ARM_REJECTED" && isNotFound(error.cause);
        if (isGone) return otherwise;
        throw error;
      }
    },
  };
}
