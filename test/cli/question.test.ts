import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Interrupted } from "../../cli/failures.ts";
import { askWhether } from "../../cli/question.ts";
import { changeMany } from "../../cli/requests/selection.ts";
import type { Call } from "../../cli/service/client.ts";
import type { Session } from "../../cli/session.ts";

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
])("reads %j as %s", async (typed, isYes) => {
  const { input, output, answer } = ask();

  input.write(typed);

  expect(await answer).toBe(isYes);
  expect(output.read().toString()).toBe("Approve it? [y/N] ");
});

it("reads the end of the input as no", async () => {
  const { input, answer } = ask();

  input.end();

  expect(await answer).toBe(false);
});

it("ends normally at Ctrl-C, not with a defect of the program", async () => {
  const interruption = new AbortController();
  const { answer } = ask(interruption.signal);
  const reason = new Interrupted(130);

  interruption.abort(reason);

  await expect(answer).rejects.toBe(reason);
});

describe("offboarding by a filter", () => {
  const value = ["team-a", "team-b"].map((namespace) => ({ cluster: "aks-dev", namespace }));

  async function offboard(typed: string, { filter = { cluster: "aks-dev" }, found = value } = {}) {
    const calls: Call[] = [];
    const said: string[] = [];
    const json = async (call: Call) => {
      calls.push(call);
      return call.route === "GET /api/namespaces" ? { value: found } : { id: "batch", kind: "batch", isNew: true };
    };
    const session = {
      client: { json, server: "http://127.0.0.1" },
      signal: new AbortController().signal,
      print: async () => undefined,
      say: (text: string) => void said.push(text),
    } as object as Session;
    const person = { input: new PassThrough(), output: new PassThrough() };
    person.input.end(typed);
    const wanted = { action: "offboard", options: { ignoreDependants: false }, isConfirmed: false } as const;
    const code = await changeMany(session, { ...wanted, choice: { filter } }, person);
    return { code, said, calls, asked: String(person.output.read()) };
  }

  it("sends what was shown, by name, after a yes", async () => {
    const { code, calls, asked } = await offboard("y\n");

    expect(asked).toBe("Offboard 2 namespaces (aks-dev/team-a, aks-dev/team-b)? [y/N] ");
    expect(code).toBe(0);
    expect(calls).toMatchObject([
      { route: "GET /api/namespaces", query: { cluster: "aks-dev" } },
      { route: "POST /api/namespaces/batch" },
    ]);
    expect(calls[1]?.body).toEqual({ action: "offboard", ignoreDependants: false, namespaces: value });
  });

  it("sends nothing after a no", async () => {
    const { code, calls, said } = await offboard("n\n");

    expect(code).toBe(1);
    expect(calls.map(({ route }) => route)).toEqual(["GET /api/namespaces"]);
    expect(said).toEqual(["Nothing was done."]);
  });

  it("asks nothing where nothing matches, and names the list with the same filter", async () => {
    const none = offboard("y\n", { filter: { cluster: "aks-dev", team: "it's us" } as { cluster: string }, found: [] });

    await expect(none).rejects.toMatchObject({
      message: "No namespace matches the filter.",
      next: [String.raw`mooring list --filter 'cluster=aks-dev,team=it'\''s us'`],
    });
  });
});
