/** The identity modes, for the service and its clients. It imports nothing. */

/** In the order in which they are offered. */
export const identityModes = ["workloadIdentity", "podIdentity", "identityBinding"] as const;
export type IdentityMode = (typeof identityModes)[number];

/** What differs between them is a table: another mode does not compile before it is in all of these. */
export type ByMode<T> = { readonly [Mode in IdentityMode]: T };

export const defaultMode = "workloadIdentity" satisfies IdentityMode;

/** The field of a request by which pods get the identity. */
export const fieldOfMode: ByMode<"serviceAccount" | "selector"> = {
  podIdentity: "selector",
  workloadIdentity: "serviceAccount",
  identityBinding: "serviceAccount",
};

/** What a migration to each mode leaves unless it says so: before 0.2.0 there was no other way. */
export const usuallyLeft: ByMode<IdentityMode> = {
  podIdentity: "workloadIdentity",
  workloadIdentity: "podIdentity",
  identityBinding: "workloadIdentity",
};
