/** Parses a catalog or lists everything that is wrong with it: the line, the setting, and what to do. */

import { type Alias, type Document, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { defined } from "../defined.ts";
import { lookUp } from "../lookUp.ts";
import { messageOf } from "../messageOf.ts";
import { missing, parsePlainly } from "../parsePlainly.ts";
import { Catalog } from "./catalog.ts";
import { catalogSchema, settingAt, settingsOfKind, withAllKinds } from "./catalogSchema.ts";
import { refusedLogins } from "./clusterLogin.ts";

export interface CatalogProblem {
  readonly line?: number;
  /** `clusters.aks-dev.location`; empty for the file as a whole. */
  readonly setting: string;
  readonly detail: string;
  readonly next: string;
}

export type ReadCatalog =
  | { readonly catalog: Catalog }
  | { readonly isYaml: boolean; readonly problems: readonly CatalogProblem[] };

export function readCatalog(text: string): ReadCatalog {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Later errors of a parser usually follow from the first.
  const [broken] = document.errors;
  const notYaml = (at: number | undefined, detail: string): ReadCatalog => ({
    isYaml: false,
    problems: [
      {
        ...defined({ line: at === undefined ? undefined : lines.linePos(at).line }),
        ...{ setting: "", detail, next: "Correct the YAML there." },
      },
    ],
  });
  if (broken) return notYaml(broken.pos[0], broken.message);
  let written: unknown;
  try {
    written = document.toJS();
  } catch (error) {
    // Aliases are resolved only now: one of no anchor, or so many of each other that nobody means it.
    const aliases = aliasesIn(document);
    const culprit = aliases.find((alias) => !alias.resolve(document)) ?? aliases.at(-1);
    return notYaml(culprit?.range?.[0], messageOf(error));
  }
  const parsed = parsePlainly(Catalog, written);
  if ("data" in parsed) return { catalog: parsed.data };
  const lineOf = (path: readonly PropertyKey[]) => {
    const node = document.getIn(path, true);
    return hasRange(node) ? lines.linePos(node.range[0]).line : undefined;
  };
  return { isYaml: true, problems: parsed.issues.flatMap((issue) => describe(issue, { lineOf, written })) };
}

function aliasesIn(document: Document): readonly Alias[] {
  const found: Alias[] = [];
  visit(document, { Alias: (_key, alias) => void found.push(alias) });
  return found;
}

function describe(
  issue: z.core.$ZodIssue,
  { lineOf, written }: { lineOf: (path: readonly PropertyKey[]) => number | undefined; written: unknown },
): readonly CatalogProblem[] {
  const { path } = issue;
  const at = (place: readonly PropertyKey[], detail: string, next: string): CatalogProblem => {
    const line = lineOf(place) ?? lineOf(place.slice(0, -1));
    return { ...defined({ line }), setting: place.join("."), detail, next };
  };
  const schema = catalogSchema();
  const { description } = settingAt(schema, path);
  const explained = description === undefined ? "" : ` ${description}`;
  if (issue.code === "unrecognized_keys") {
    const place = settingAt(schema, path);
    const { properties = {} } = settingsOfKind(place, valueAt(written, path));
    const { properties: ofAllKinds = {} } = withAllKinds(place);
    const next = `Remove it, or write the intended one: ${Object.keys(properties).join(", ")}.`;
    return issue.keys.map((key) => {
      const isLogin = path[0] === "clusters" ? lookUp(refusedLogins, key) : undefined;
      const isOfOther = Object.hasOwn(ofAllKinds, key) ? "is not a setting of this kind" : "is not a setting";
      return at([...path, key], isLogin ?? isOfOther, next);
    });
  }
  return [at(path, issue.message, `${issue.message === missing ? "Add it." : "Correct it."}${explained}`)];
}

function valueAt(written: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    written,
  );
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
