/**
 * What to do about an error or a finding, in each client's own words. The service sends a fix in parts: text, and acts that each
 * interface expresses as it can. An act that is missing here does not compile; one that only a newer service has is shown as
 * the service words it.
 */
import { defined } from "../src/domain/defined.ts";
import type { Act, FixPart } from "../src/domain/errors/fix.ts";

/** What the error is about, as far as that is known; it completes the commands, so that they can be copied. */
export interface Subject {
  readonly operation?: string | undefined;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly filter?: string | undefined;
}

interface Expressed {
  readonly command: (subject: Subject) => string;
  /** On the dashboard; undefined for what only HTTP and the command line have. */
  readonly words: string | undefined;
  /** The dashboard's page to link to. */
  readonly page?: string;
}

const operationOf = ({ operation = "<operation>" }: Subject) => operation;
const namespaceRefOf = ({ cluster, namespace }: Subject) =>
  cluster === undefined || namespace === undefined ? "<cluster/namespace>" : `${cluster}/${namespace}`;

const acts: { readonly [A in Act]: Expressed } = {
  catalog: { command: () => "mooring catalog", words: "Catalog", page: "catalog" },
  namespaces: {
    command: ({ filter }) => (filter === undefined ? "mooring list" : `mooring list --filter ${filter}`),
    words: "Namespaces",
    page: "namespaces",
  },
  operations: { command: () => "mooring list operations", words: "Operations", page: "operations" },
  events: { command: () => "mooring watch", words: "Operations", page: "operations" },
  operation: { command: (subject) => `mooring status ${operationOf(subject)}`, words: "its page" },
  failedItems: {
    command: (subject) => `mooring status ${operationOf(subject)} --status Failed`,
    words: "“Failed only” on the batch's page",
  },
  compensate: {
    command: (subject) => `mooring compensate ${operationOf(subject)}`,
    words: "Compensate on the operation's page",
  },
  repair: {
    command: (subject) => `mooring repair ${namespaceRefOf(subject)}`,
    words: "Repair on the namespace's page",
  },
  migrate: {
    command: (subject) => `mooring migrate ${namespaceRefOf(subject)}`,
    words: "Migrate on the namespace's page",
  },
  migrateBack: {
    command: (subject) => `mooring migrate ${namespaceRefOf(subject)} --to podIdentity`,
    words: "Go back on the namespace's page",
  },
  offboard: {
    command: (subject) => `mooring offboard ${namespaceRefOf(subject)}`,
    words: "Offboard on the namespace's page",
  },
  takeOver: { command: () => "--take-over", words: undefined },
  adoptIdentity: { command: () => "--adopt-identity <its client ID>", words: undefined },
  dryRun: { command: () => "--dry-run", words: undefined },
  confirmRemoval: { command: () => "--yes", words: "“Remove this access” ticked" },
  ignoreDependants: { command: () => "--ignore-dependants", words: "“Ignore dependants” ticked" },
  team: { command: () => "--team <name>", words: "the field “For which team”" },
  credential: { command: () => "MOORING_KEY, MOORING_TOKEN or MOORING_AUDIENCE", words: "a sign-in" },
  reference: { command: () => "--help", words: undefined },
};

function expressed(act: string): Expressed | undefined {
  return Object.hasOwn(acts, act) ? acts[act as Act] : undefined;
}

/** As a service sends it; one before 0.2.0 sends only the prose. */
export interface Fixable {
  readonly fix: string;
  readonly fixParts?: readonly FixPart[] | undefined;
}

function partsOf({ fix, fixParts }: Fixable): readonly FixPart[] {
  return fixParts ?? [fix];
}

/** How the command line expresses each act. */
export function commandsFor(subject: Subject = {}): Readonly<Record<Act, string>> {
  const commands = Object.entries(acts).map(([act, { command }]) => [act, command(subject)]);
  return Object.fromEntries(commands) as Record<Act, string>;
}

export interface RenderedFix {
  readonly fix: string;
  /** A complete command to run next. */
  readonly next?: string;
}

export function fixInCommands(error: Fixable, subject: Subject = {}): RenderedFix {
  const parts = partsOf(error);
  const say = (part: FixPart) =>
    typeof part === "string" ? part : (expressed(part.act)?.command(subject) ?? part.http);
  const next = parts
    .flatMap((part) => (typeof part === "string" ? [] : [say(part)]))
    .find((each) => each.startsWith("mooring ") && !each.includes("<"));
  return { fix: parts.map(say).join(""), ...defined({ next }) };
}

/** In pieces; a piece that links to a page of the dashboard names it. */
export function fixOnPages(error: Fixable): readonly (readonly [text: string, page?: string | undefined])[] {
  return partsOf(error).map((part) => {
    if (typeof part === "string") return [part];
    const { words = part.http, page } = expressed(part.act) ?? {};
    return [words, page];
  });
}
