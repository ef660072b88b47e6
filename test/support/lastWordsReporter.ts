/**
 * Says at the end of a run, where it is not lost among hundreds of lines, what this machine could not run, and which tests passed
 * only when they were tried again (`--retry`): each of them hides a race, in the test or in the code.
 */
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** The mark that notRun.ts writes; only tests can import that file. */
const mark = "NOT RUN";

export default class LastWordsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const testsOf = (state: "passed" | "skipped") => modules.flatMap((module) => [...module.children.allTests(state)]);
    const notRun = testsOf("skipped").flatMap(({ name }) => (name.startsWith(mark) ? [name] : []));
    const flaky = testsOf("passed").filter((test) => test.diagnostic()?.flaky);
    for (const each of new Set([...notRun, ...flaky.map(describeFlaky)])) process.stderr.write(`\n${each}\n`);
  }
}

function describeFlaky(test: TestCase): string {
  const [first] = test.result().errors ?? [];
  return `PASSED WHEN TRIED AGAIN: ${test.module.relativeModuleId} > ${test.fullName}\n${first?.stack ?? first?.message ?? ""}`;
}
