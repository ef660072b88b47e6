import type { Severity } from "../../src/domain/finding.ts";
import { conditionFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { findingLines, summarizeFindings } from "../output/findings.ts";
import { namespaceOf } from "../requests/namespacePath.ts";
import { changeMany, choiceOf, selectionFlags, selectionOperand } from "../requests/selection.ts";

/** By the severity of the worst finding. */
const verdicts = {
  Error: { style: "red", exitCode: exitCodes.refused },
  Warning: { style: "yellow", exitCode: exitCodes.done },
  Info: { style: "yellow", exitCode: exitCodes.done },
} as const satisfies Record<Severity, object>;

export const command = defineCommand({
  description:
    "Reads everything back now and, if the catalog allows it, logs in as the workload does. The exit code is 1 if it finds an Error: access is broken or cannot be proven. Warnings and Infos are printed and leave the exit code 0. docs/findings.md explains each finding. Several namespaces are one batch, in which a namespace with an Error fails.",
  operands: [selectionOperand],
  flags: {
    fresh: {
      summary: "Also ask anew what the identity has elsewhere (otherwise as of the last minutes); of one namespace",
    },
    ...selectionFlags,
    ...conditionFlags,
    ...waitFlags,
  },
  examples: ["verify aks-dev/team-a", "verify aks-dev/team-a -o json", "verify --all --filter team=red --wait"],
  async run(session, values, operands) {
    const ifMatch = values["if-match"];
    const choice = choiceOf(values, operands);
    if (choice && values.fresh)
      throw new UsageError("--fresh is for one namespace: mooring verify aks-dev/team-a --fresh");
    if (choice) return await changeMany(session, { action: "verify", choice, ifMatch });
    const { name, at } = namespaceOf(operands);
    const call = {
      route: "POST /api/namespaces/{cluster}/{namespace}/verify",
      at,
      ifMatch,
      query: { fresh: values.fresh ? "true" : undefined },
    } as const;
    const document = await session.client.json(call, ["findings", "verifiedTime"]);
    const { findings, severity } = document;
    await session.print({
      document,
      names: [name],
      lines: (view) => {
        const style = severity === undefined ? "green" : verdicts[severity].style;
        const result = findings.length === 0 ? "matches the request" : summarizeFindings(findings);
        return [`${view.paint("bold", name)}  ${view.paint(style, result)}`, ...findingLines(findings, at, view)];
      },
    });
    return severity === undefined ? exitCodes.done : verdicts[severity].exitCode;
  },
});
