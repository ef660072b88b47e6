/**
 * What to do next, as data. A fix names its acts (`{migrate}`), and each interface puts them in its own words: HTTP by its
 * routes, the command line by its commands. For what is tried again, the advice changes once its operation has ended.
 */

/** How HTTP expresses each act; routes as OpenAPI writes them. */
export const httpActs = {
  catalog: "GET /api/catalog",
  namespaces: "GET /api/namespaces",
  operations: "GET /api/operations",
  events: "GET /api/events",
  operation: "GET /api/operations/{id}",
  failedItems: "GET /api/operations/{id}?status=Failed",
  compensate: "POST /api/operations/{id}/compensate",
  repair: "POST /api/namespaces/{cluster}/{namespace}/repair",
  migrate: "POST /api/namespaces/{cluster}/{namespace}/migrate",
  migrateBack: "POST /api/namespaces/{cluster}/{namespace}/migrate?to=podIdentity",
  offboard: "DELETE /api/namespaces/{cluster}/{namespace}",
  takeOver: "takeOver=true",
  adoptIdentity: "adoptIdentity=<its client ID>",
  dryRun: "dryRun=true",
  confirmRemoval: "confirmRemoval=true",
  ignoreDependants: "ignoreDependants=true",
  team: '"team": "<name>"',
  credential: "Authorization: Bearer <token> or x-mooring-key: <key>",
  reference: "/api/openapi.json",
} as const;

export type Act = keyof typeof httpActs;
export type Words = Readonly<Record<Act, string>>;

/** For a transient fault: `nothing` says what happens without the reader's help. */
export interface PassingFix {
  readonly nothing: string;
  readonly ifItLasts?: string;
}

/** For what somebody has to remove: an undo then goes on by itself; for anything else, `next` is what comes after. */
export interface ObstacleFix {
  readonly remove: string;
  readonly next?: string;
}

export type Fix = string | PassingFix | ObstacleFix;

/**
 * retried: Mooring retries the step. ended: Mooring has given up, or the operation has ended. answered: a request or a plan ran
 * into it, and nothing continues.
 */
export type Situation = "retried" | "ended" | "answered";

/** As HTTP words it, and as data. */
export function fixDocument(
  fix: Fix,
  situation: Situation,
): { readonly fix: string; readonly fixParts: readonly FixPart[] } {
  return { fix: formatFix(fix, situation, httpActs), fixParts: partsOf(fix, situation) };
}

export function formatFix(fix: Fix, situation: Situation, words: Words): string {
  const say = (part: FixPart) => (typeof part === "string" ? part : words[part.act as Act]);
  return partsOf(fix, situation).map(say).join("");
}

/** Text, or an act with how HTTP expresses it, for a client that does not know the act. */
export type FixPart = string | { readonly act: string; readonly http: string };

function partsOf(fix: Fix, situation: Situation): readonly FixPart[] {
  return textOf(fix, situation)
    .split(/(?=\{\w+\})|(?<=\{\w+\})/)
    .map((part) => {
      const act = part.slice(1, -1);
      return part.startsWith("{") && isAct(act) ? { act, http: httpActs[act] } : part;
    });
}

function textOf(fix: Fix, situation: Situation): string {
  if (typeof fix === "string") return fix;
  if ("nothing" in fix) return sayPassing(fix, situation);
  const { remove, next } = fix;
  if (situation === "retried") return `${remove}. Mooring goes on by itself.`;
  return next === undefined ? `${remove}.` : `${remove}. ${next}.`;
}

function sayPassing({ nothing, ifItLasts }: PassingFix, situation: Situation): string {
  const lasting = ifItLasts === undefined ? "" : ` If it lasts, ${ifItLasts}.`;
  switch (situation) {
    case "retried":
      return `Nothing: ${nothing}.${lasting}`;
    case "ended":
      return ifItLasts === undefined
        ? "Send the request again."
        : `${capitalize(ifItLasts)}, then send the request again.`;
    case "answered":
      return `Send the request again.${lasting}`;
  }
}

function isAct(name: string): name is Act {
  return Object.hasOwn(httpActs, name);
}

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
