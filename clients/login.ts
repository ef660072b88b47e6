/** What is known of a way to log in: the languages, and of each the lines, what they need, and how they were tried. */
import type { TargetEntry } from "../src/domain/targets/namedTarget.ts";

export type Kind = "sqlDatabase" | TargetEntry["kind"];

export const languages = ["node", "python", "java", "dotnet", "go"] as const;
export type Language = (typeof languages)[number];

export const languageNames: { readonly [L in Language]: string } = {
  node: "Node.js",
  python: "Python",
  java: "Java",
  dotnet: ".NET",
  go: "Go",
};

export interface Login {
  /** The packages, with the versions from which the lines hold. */
  readonly needs: readonly string[];
  readonly lines: string;
  /** How the lines were tried. */
  readonly tried: "every run" | "where installed" | "by hand" | "not here";
}

export interface Driver {
  /** In the singular, for people. */
  readonly noun: string;
  readonly logins: { readonly [L in Language]: Login };
}
