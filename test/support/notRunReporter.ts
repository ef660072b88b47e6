/** Says at the end of a run what this machine could not run, where everybody looks, and not among hundreds of lines. */
import type { Reporter, TestModule } from "vitest/node";

/** As notRun.ts writes it, which only tests can import. */
const mark = "NOT RUN";

export default class NotRunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const said = modules.flatMap((module) =>
      [...module.children.allTests("skipped")].flatMap(({ name }) => (name.startsWith(mark) ? [name] : [])),
    );
    for (const each of new Set(said)) process.stderr.write(`\n${each}\n`);
  }
}
