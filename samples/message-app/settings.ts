/** What the sample programs have in common: their settings, and how they end. */
import { exitCodes, Refusal } from "./refusal.ts";

export function readSetting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Refusal("configuration", `${name} is not set; take it from the ConfigMap mooring-databases.`);
  return value;
}

/** Prints the lines; or says on standard error why there are none, and ends with the exit code for that. */
export async function endWith(work: () => Promise<readonly string[]>): Promise<void> {
  try {
    for (const line of await work()) console.log(line);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("unexpected", String(error), { cause: error });
    console.error(refusal.message);
    process.exitCode = exitCodes[refusal.kind];
  }
}
