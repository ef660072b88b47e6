/**
 * An onboarded namespace as scripts for the usual tools: with these, a team can continue without Mooring or rebuild what it has
 * elsewhere. Everything that goes into a script is quoted for its language.
 */
import { stringify } from "yaml";
import { quoteName } from "../naming/quoteName.ts";
import { quoteWord } from "../naming/quoteWord.ts";

export interface ExportedDatabase {
  readonly server: string;
  readonly database: string;
  readonly user: string;
  /** From sidFromClientId. */
  readonly sid: string;
  readonly grants: readonly ExportedGrant[];
}

interface Granted {
  readonly kind: "role" | "permission";
  readonly name: string;
}

export interface ExportedGrant extends Granted {
  /** What gives the same in a database that lacks the role. */
  readonly otherwise: readonly Granted[];
}

/** What one resource adds to each of the three scripts. */
export interface ExportedPart {
  readonly objects?: readonly object[];
  readonly databases?: readonly ExportedDatabase[];
  /** Commands of the Azure CLI, each as a list of words. */
  readonly commands?: readonly (readonly string[])[];
  /** Without kinds of its own, it belongs to each script. */
  readonly leftOut?: readonly LeftOut[];
}

/** What the namespace has, and the script cannot make. */
export interface LeftOut {
  readonly what: string;
  /** A sentence. */
  readonly why: string;
}

/** What a script says before it begins. */
export interface Preface {
  readonly leftOut?: readonly LeftOut[];
  /** By the key of a database or another target: when access to it ends, or undefined. */
  readonly ends?: ReadonlyMap<string, string | undefined>;
}

export function printKubernetes(objects: readonly object[], preface: Preface = {}): string {
  return printPreface("#", preface) + objects.map((object) => stringify(object)).join("---\n");
}

export function printTsql(databases: readonly ExportedDatabase[], preface: Preface = {}): string {
  return printPreface("--", preface) + databases.map(printDatabase).join("\n");
}

function printPreface(mark: string, { leftOut = [], ends = new Map() }: Preface): string {
  const byEnd = Map.groupBy(ends.keys(), (key) => ends.get(key));
  const lines = [
    ...leftOut.map(({ what, why }) => `Left out: ${what}. ${why}`),
    ...[...byEnd].flatMap(([end, keys]) =>
      end === undefined ? [] : `Access to ${keys.join(", ")} ends at ${end}. Nothing in this script takes it away.`,
    ),
  ];
  return lines.map((line) => `${mark} ${comment(line)}\n`).join("");
}

function printDatabase({ server, database, user, sid, grants }: ExportedDatabase): string {
  if (!/^0x[0-9A-F]{32}$/i.test(sid)) throw new TypeError(`"${sid}" is not the SID of an identity`);
  const name = quoteName(user);
  return [
    `-- ${comment(database)} on ${comment(server)}: run this connected to that database.`,
    `CREATE USER ${name} WITH SID = ${sid}, TYPE = E;`,
    ...grants.flatMap((grant) => printGrant(grant, name)),
    "",
  ].join("\n");
}

function printGrant({ otherwise, ...grant }: ExportedGrant, user: string): readonly string[] {
  const give = (each: Granted) =>
    each.kind === "role"
      ? `ALTER ROLE ${quoteName(each.name)} ADD MEMBER ${user};`
      : `GRANT ${keywords(each.name)} TO ${user};`;
  if (otherwise.length === 0) return [give(grant)];
  const isThere = `DATABASE_PRINCIPAL_ID(N'${grant.name.replaceAll("'", "''")}') IS NOT NULL`;
  return [`IF ${isThere} ${give(grant)}`, "ELSE BEGIN", ...otherwise.map((each) => `  ${give(each)}`), "END;"];
}

/** A permission consists of keywords and cannot be quoted. */
function keywords(permission: string): string {
  if (/^[A-Z]+( [A-Z]+)*$/.test(permission)) return permission;
  throw new TypeError(`"${permission}" is not a SQL permission`);
}

/** A comment ends at the end of its line, so the text must not contain a line break. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, " ");
}

export function printAzureCli(commands: readonly (readonly string[])[], preface: Preface = {}): string {
  return [
    "#!/bin/sh",
    `${printPreface("#", preface)}set -eu`,
    "# A recreated identity has a different client ID: then replace the SID in the T-SQL and the client ID in the Kubernetes",
    "# objects accordingly.",
    ...commands.map((words) => words.map(quoteWord).join(" ")),
    "",
  ].join("\n");
}
