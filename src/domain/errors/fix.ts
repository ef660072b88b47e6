/**
 * What the reader does next, as data. A fix names its acts (`{migrate}`), and each surface says them in its own words: HTTP by
 * its routes, the command line by its commands. What passes by itself is another matter once it has ended.
 */

/** The words of HTTP for each act, as OpenAPI writes a route. */
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
  takeOver: "takeOver=true",
  ignoreDependants: "ignoreDependants=true",
  team: '"team": "<name>"',
  credential: "Authorization: Bearer <token> or x-mooring-key: <key>",
  reference: "/api/openapi.json",
} as const;

export type Act = keyof typeof httpActs;
export type Words = Readonly<Record<Act, string>>;

/** Of a fault that passes: `nothing` says who does what without the reader. */
export interface PassingFix {
  readonly nothing: string;
  readonly ifItLasts?: string;
}

export type Fix = string | PassingFix;

/**
 * retried: Mooring tries the step again. ended: it has given up, or its operation has ended. answered: a request or a plan met
 * it, and nothing goes on.
 */
export type Situation = "retried" | "ended" | "answered";

export function formatFix(fix: Fix, situation: Situation, words: Words): string {
  return inWords(typeof fix === "string" ? fix : sayPassing(fix, situation), words);
}

/** The acts that a fix leads on by, in its order. */
export function actsOf(fix: Fix): readonly Act[] {
  const text = typeof fix === "string" ? fix : sayPassing(fix, "ended");
  return [...text.matchAll(placeholder)].flatMap(([, name = ""]) => (isAct(name) ? [name] : []));
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

const placeholder = /\{(\w+)\}/g;

function inWords(text: string, words: Words): string {
  return text.replaceAll(placeholder, (all, name: string) => (isAct(name) ? words[name] : all));
}

function isAct(name: string): name is Act {
  return Object.hasOwn(httpActs, name);
}

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
