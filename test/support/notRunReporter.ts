/** Lists what this machine could not run at the end of a run, where it is not lost among hundreds of lines. */
import type { Reporter, TestModule } from "vitest/node";

/** The mark that notRun.ts writes; only tests can import that file. */
const mark = "NOT RUN";

export default class NotRunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const said = modules.flatMap((module) =>
      [...module.children.allTests("skipped")].flatMap(({ name }) => (name.startsWith(mark) ? [name] : [])),
    );
    for (const each of new Set(said)) process.stderr.write(`\n${each}\n`);
  }
}
