import { type Fixable, fixInCommands, type Subject } from "../../clients/fixes.ts";
import type { Fact } from "./facts.ts";

/** What to do about an error, and the command for it. */
export function fixFacts(error: Fixable, subject?: Subject): readonly Fact[] {
  const { fix, next } = fixInCommands(error, subject);
  return [
    ["fix", fix],
    ["next", next, "whole"],
  ];
}
