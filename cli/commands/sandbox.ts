import { defineCommand } from "../command.ts";
import { UsageError } from "../failures.ts";

export const command = defineCommand({
  description:
    "Inspects the simulated cloud of a sandbox that `mooring up` runs, and breaks it. `env` prints every address and name that a client needs, for eval. `cloud` lists what is in Azure, Entra, SQL, Kubernetes and Service Bus, or in one of them. `journal` lists the calls that arrived. `faults` lists the faults that affect them, and `faults add`, `faults remove ID`, `faults clear` and `faults latency DURATION` change them. A fault's --operation and --target match the journal's spelling; * matches any characters. `token` prints a fresh access token of the requester, the approver or the operator of `mooring up --auth`. sandbox/README.md has the HTTP interface.",
  operands: [
    { name: "what", isRequired: true, choices: ["env", "cloud", "journal", "faults", "token"] },
    { name: "part, act or person", isRequired: false },
    { name: "id or duration", isRequired: false },
  ],
  flags: {
    wire: {
      value: "name",
      choices: [
        "arm",
        "entra",
        "sql",
        "postgres",
        "kubernetes",
        "serviceBus",
        "eventHubs",
        "storage",
        "keyVault",
        "cosmos",
        "appConfiguration",
        "openAi",
        "nodeIdentity",
        "tables",
        "durable",
      ],
      summary: "The wire of a fault, or of the calls to list",
    },
    operation: { value: "pattern", summary: "The calls that a fault affects, such as 'PUT *' or 'CREATE USER' (all)" },
    target: { value: "pattern", summary: "What the calls are about, such as sql-dev/orders (anything)" },
    skip: { value: "n", summary: "How many matching calls to let pass first (0)" },
    times: { value: "n", summary: "How many calls to affect, or always (1)" },
    error: { value: "code", summary: "The effect: an error of that service, such as 40613 or TooManyRequests" },
    status: { value: "n", summary: "The error's HTTP status" },
    message: { value: "text", summary: "The error's text" },
    "retry-after": { value: "duration", summary: "The error's Retry-After, in whole seconds such as 5s" },
    delay: { value: "duration", summary: "The effect: the answer is delayed, by 500ms or 5s" },
    cut: {
      value: "when",
      choices: ["before", "after"],
      summary: "The effect: the connection is cut before or after the call does its work",
    },
    hang: { summary: "The effect: no answer, ever" },
    garbage: { summary: "The effect: an invalid answer" },
    contains: { value: "text", summary: "Journal: part of the operation or the target" },
    after: { value: "n", summary: "Journal: calls after the one with this number" },
    limit: { value: "n", summary: "Journal: how many of the newest calls (100)" },
  },
  examples: [
    "sandbox cloud sql",
    "sandbox faults add --wire sql --operation 'CREATE USER' --error 40613 --times 3",
    "sandbox journal --wire arm --limit 20",
  ],
  async run(session, flags, [what, part, which]) {
    const expectNoMore = (surplus: string | undefined) => {
      if (surplus !== undefined) throw new UsageError(`sandbox ${what} does not take "${surplus}".`);
    };
    switch (what) {
      case "env": {
        expectNoMore(part);
        const { showEnvironment } = await import("../sandbox/environment.ts");
        return await showEnvironment(session);
      }
      case "cloud": {
        expectNoMore(which);
        const { showCloud } = await import("../sandbox/cloud.ts");
        return await showCloud(session, part);
      }
      case "token": {
        expectNoMore(which);
        const { printToken } = await import("../sandbox/token.ts");
        return await printToken(session, part);
      }
      case "journal": {
        expectNoMore(part);
        const { showJournal } = await import("../sandbox/journal.ts");
        return await showJournal(session, flags);
      }
      default: {
        const { changeFaults } = await import("../sandbox/faults.ts");
        return await changeFaults(
          session,
          flags,
          [part, which].filter((each) => each !== undefined),
        );
      }
    }
  },
});
