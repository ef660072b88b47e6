/** One onboarding request from flags, or any number from files. */

import { adoptionPolicies, deletePolicies } from "../../clients/request.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { identityModes } from "../../src/domain/request/modes.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Flags, Values } from "../arguments/flags.ts";
import { readDatabase, readEnd, readNamespaceRef, readTarget } from "../arguments/values.ts";
import { UsageError } from "../failures.ts";
import type { Search } from "./findFiles.ts";
import { readRequests, type Written } from "./readFiles.ts";

export const fileFlags = {
  filename: {
    short: "f",
    value: "file",
    many: true,
    summary: "Requests as JSON or YAML: a file, a folder, a pattern, or - for standard input",
  },
  recursive: { short: "R", summary: "With -f: include subfolders" },
} as const satisfies Flags;

export const adoptFlags = {
  "adopt-identity": { value: "id", summary: "Operators: use this identity, which no record knows, or any" },
} as const satisfies Flags;

export const requestFlags = {
  ...fileFlags,
  database: {
    value: "db=roles",
    many: true,
    summary: "Such as sql-dev/messages=reader,writer; with ~30d or ~2027-01-31 it ends then",
  },
  target: { value: "alias=access", many: true, summary: "Such as uploads=read+write, or uploads=read~30d" },
  "expires-after": { value: "duration", summary: "How long all of it lasts, such as 30d or PT12H" },
  "expires-at": { value: "time", summary: "When all of it ends, such as 2027-01-31 or 2027-01-31T12:00:00Z" },
  "identity-mode": {
    value: "mode",
    choices: identityModes,
    summary: "How the workload authenticates",
  },
  "service-account": { value: "name", summary: "The workload's service account (app)" },
  selector: { value: "name", summary: "Value of the pod label aadpodidbinding (the namespace's name)" },
  profile: { value: "name", summary: "The profile of the catalog: quota, limits, Pod Security labels" },
  "shared-identity": {
    value: "cluster/namespace",
    summary: "Use the identity of this namespace, in place of one of its own",
  },
  "adoption-policy": {
    value: "policy",
    choices: Object.keys(adoptionPolicies),
    summary: "What happens to existing things that are not Mooring's",
  },
  "delete-policy": {
    value: "policy",
    choices: Object.keys(deletePolicies),
    summary: "Whether offboarding deletes the namespace that Mooring created",
  },
  team: { value: "name", summary: "The team, if several of yours may ask for this" },
  "take-over": { summary: "Operators: take the namespace over from its team" },
  ...adoptFlags,
} as const satisfies Flags;

export function expectFiles(filename: readonly string[], command: string): void {
  if (filename.length === 0) throw new UsageError(`${command} needs requests: -f <file>, or -f - for standard input.`);
}

export function expectOne(requests: readonly unknown[], { takeOver, adoptIdentity }: Decided): void {
  if (requests.length <= 1) return;
  if (takeOver) throw new UsageError("--take-over takes one request: take namespaces over one by one.");
  if (adoptIdentity !== undefined && adoptIdentity !== "any")
    throw new UsageError("--adopt-identity takes one request, or any: an identity has one namespace.");
}

export type Decided = Pick<Asked, "takeOver" | "adoptIdentity">;

type RequestValues = Values<typeof requestFlags>;

export interface Asked {
  readonly requests: readonly object[];
  /** Where each request is written. */
  readonly written: readonly Written[];
  readonly takeOver: boolean;
  readonly adoptIdentity?: string | undefined;
}

export async function readAsked(
  values: RequestValues,
  [fullName]: readonly string[],
  say: Search["say"],
  command: Search["command"] = "onboard",
): Promise<Asked> {
  const { filename, recursive } = values;
  const decided = { takeOver: values["take-over"], adoptIdentity: values["adopt-identity"] };
  const fields = fieldsOf(values);
  if (filename.length > 0) {
    const [surplus] = [...(fullName === undefined ? [] : [`"${fullName}"`]), ...Object.keys(fields)];
    if (surplus !== undefined)
      throw new UsageError(`The request comes from -f or from flags; ${surplus} cannot be combined with -f.`);
    const written = await readRequests(filename, { isRecursive: recursive, say, command });
    expectOne(written, decided);
    return { requests: written.map(({ request }) => request), written, ...decided };
  }
  if (recursive) throw new UsageError("-R needs -f with a folder.");
  if (fullName === undefined)
    throw new UsageError("Name the namespace as cluster/namespace, or give requests with -f.");
  if (values.database.length + values.target.length === 0) {
    throw new UsageError(
      "Name the databases or other targets: --database server/database=role,role or --target alias=access+access.",
      { next: ["mooring catalog"] },
    );
  }
  const request = { ...readNamespaceRef(fullName), ...fields };
  const written = [{ request, where: "", placeOf: (pointer: string) => flagOf(values, pointer) }];
  return { requests: [request], written, ...decided };
}

/** The flag that gives a field: `/databases/0/roles` is `--database sql-dev/orders=reader`. */
function flagOf(values: RequestValues, pointer: string): string {
  const [, field = "", index = ""] = pointer.split("/");
  const name =
    field === "namespaceProfile" ? "profile" : field.replace(/s$/, "").replace(/[A-Z]/g, "-$&").toLowerCase();
  if (!Object.hasOwn(requestFlags, name)) return pointer;
  const given: unknown = values[name as keyof RequestValues];
  return `--${name} ${(Array.isArray(given) ? given[Number(index)] : given) ?? ""}`.trimEnd();
}

/** Only the fields that were given; the service has the defaults. */
function fieldsOf(values: RequestValues): Readonly<Record<string, unknown>> {
  // The operand names the namespace. A field of the request without a flag does not compile.
  const given: Readonly<Record<Exclude<keyof OnboardingRequest, keyof NamespaceRef>, unknown>> = {
    identityMode: values["identity-mode"],
    databases: values.database.length === 0 ? undefined : values.database.map(readDatabase),
    targets: values.target.length === 0 ? undefined : values.target.map(readTarget),
    serviceAccount: values["service-account"],
    selector: values.selector,
    namespaceProfile: values.profile,
    sharedIdentity: values["shared-identity"],
    adoptionPolicy: values["adoption-policy"],
    deletePolicy: values["delete-policy"],
    team: values.team,
    expiresAfter: values["expires-after"] && readEnd(values["expires-after"]),
    expiresAt: values["expires-at"] && readEnd(values["expires-at"]),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
