/** The targets in the ConfigMap's TARGETS, and what was found of each: one line of the report. */

export interface Target {
  readonly alias: string;
  readonly kind: string;
  /** What else the ConfigMap says of it. */
  readonly fields: Readonly<Record<string, string>>;
}

export type Result =
  /** It let the identity in, and answered a call that only reads. */
  | { readonly result: "ok" }
  /** It let the identity in, and the part that the catalog names is not there. */
  | { readonly result: "absent"; readonly detail: string }
  | { readonly result: "token"; readonly detail: string }
  | { readonly result: "refused"; readonly detail: string }
  | { readonly result: "unreachable"; readonly detail: string };

/** `TARGETS` of the ConfigMap; empty without it. */
export function readTargets(text: string | undefined): readonly Target[] {
  if (!text) return [];
  const targets = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, string>>>>;
  return Object.entries(targets).map(([alias, { kind = "", ...fields }]) => ({ alias, kind, fields }));
}
