/** `mooring`: runs what this process was asked for, and exits with the code of the command. */
import { exitCodes } from "./failures.ts";
import { endWithOutput, listenForInterruption } from "./interruption.ts";
import { run } from "./run.ts";

const { env, stdout, stderr } = process;
const words = process.argv.slice(2);
endWithOutput();
if (words[0] === "__complete") await complete(words.slice(1));
else process.exitCode = await run(words, { env, stdout, stderr, listen: listenForInterruption });

/** For the scripts of `mooring completion`. */
async function complete([kind, ...line]: readonly string[]): Promise<never> {
  const { listForCompletion } = await import("./completion/asked.ts");
  const found = await listForCompletion(kind, line, env);
  // Exits without waiting for calls that are still running.
  await new Promise<void>((resolve) => {
    stdout.write(found.map((each) => `${each}\n`).join(""), () => resolve());
  });
  process.exit(exitCodes.done);
}
