import { expect, it } from "vitest";
import { createSerial } from "../../src/domain/serial.ts";

/** Tasks that note when they begin, and end on demand. */
function createTasks() {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const endOf = (name: string) => {
    const end = ends.get(name) ?? Promise.withResolvers<string>();
    ends.set(name, end);
    return end;
  };
  const task = (name: string) => () => {
    begun.push(name);
    return endOf(name).promise;
  };
  return { begun, task, endOf };
}

/** Waits until everything that can continue has done so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

it("runs the tasks of one key one after another, in order of arrival", async () => {
  const serial = createSerial();
  const { begun, task, endOf } = createTasks();
  const results = ["first", "second", "third"].map((name) => serial.run("red", task(name)));

  await settled();
  expect(begun).toEqual(["first"]);

  // The third task could already end, but must not begin.
  endOf("third").resolve("3");
  endOf("first").resolve("1");
  await settled();
  expect(begun).toEqual(["first", "second"]);

  endOf("second").resolve("2");
  expect(await Promise.all(results)).toEqual(["1", "2", "3"]);
});

it("does not make one key wait for another, nor one queue for another with the same key", async () => {
  const serial = createSerial();
  const { begun, task } = createTasks();
  void serial.run("red", task("red"));
  void serial.run("blue", task("blue"));
  void createSerial().run("red", task("elsewhere"));

  await settled();

  expect(begun).toEqual(["red", "blue", "elsewhere"]);
});

it("passes a failure to its caller, and goes on with the next task", async () => {
  const serial = createSerial();
  const failing = serial.run("red", () => Promise.reject(new Error("refused")));
  const next = serial.run("red", async () => "done");

  await expect(failing).rejects.toThrow("refused");
  expect(await next).toBe("done");
});

it("begins immediately when the earlier tasks have ended", async () => {
  const serial = createSerial();
  await serial.run("red", async () => undefined);
  await settled();

  const { begun, task } = createTasks();
  void serial.run("red", task("later"));
  await Promise.resolve();

  expect(begun).toEqual(["later"]);
});
