/**
 * The image of a verification Job that proves more than databases: reads the table of message-app in the first database, if there is
 * one, and of each other target something, with the pod's identity. Writes nothing but its report.
 */
import { readMessages } from "../message-app/messages.ts";
import { exitCodes, Refusal } from "../message-app/refusal.ts";
import { getDatabaseToken } from "../message-app/token.ts";
import { tryTarget } from "./calls.ts";
import { printReport, type Tried, writeReport } from "./report.ts";
import { readTargets } from "./targets.ts";

/** A target did not let the identity in, or did not answer: the report says which. */
const targetFailed = 7;

const [refusal, tried] = await Promise.all([tryDatabase(), tryTargets()]);
const report = printReport(tried, refusal?.message);
writeReport(report);
console.log(report);
const isWrong = ({ result }: Tried) => result.result !== "ok" && result.result !== "absent";
process.exitCode = refusal ? exitCodes[refusal.kind] : tried.some(isWrong) ? targetFailed : 0;

async function tryDatabase(): Promise<Refusal | undefined> {
  const { SERVER_NAME: server, DATABASE_NAME: database, TARGETS } = process.env;
  if (!server || !database) {
    return TARGETS
      ? undefined
      : new Refusal("configuration", "SERVER_NAME is not set; take it from the ConfigMap mooring-databases.");
  }
  try {
    await readMessages({ server, database, token: await getDatabaseToken() });
    return undefined;
  } catch (error) {
    return error instanceof Refusal ? error : new Refusal("unexpected", String(error), { cause: error });
  }
}

async function tryTargets(): Promise<readonly Tried[]> {
  const all = readTargets(process.env["TARGETS"]).map(async (target): Promise<readonly Tried[]> => {
    const result = await tryTarget(target);
    return result ? [{ alias: target.alias, result }] : [];
  });
  return (await Promise.all(all)).flat();
}
