import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { Interrupted } from "../../cli/failures.ts";
import { askWhether } from "../../cli/question.ts";

function ask(signal: AbortSignal = new AbortController().signal) {
  const input = new PassThrough();
  const output = new PassThrough();
  return { input, output, answer: askWhether("Approve it?", { input, output, signal }) };
}

it.each([
  ["y\n", true],
  ["Yes\n", true],
  ["n\n", false],
  ["\n", false],
  ["yesterday\n", false],
])("takes %j for %s", async (typed, isYes) => {
  const { input, output, answer } = ask();

  input.write(typed);

  expect(await answer).toBe(isYes);
  expect(output.read().toString()).toBe("Approve it? [y/N] ");
});

it("takes the end of the input for no", async () => {
  const { input, answer } = ask();

  input.end();

  expect(await answer).toBe(false);
});

it("ends with Ctrl-C as everything does, and not as a defect of the program", async () => {
  const interruption = new AbortController();
  const { answer } = ask(interruption.signal);
  const reason = new Interrupted(130);

  interruption.abort(reason);

  await expect(answer).rejects.toBe(reason);
});
