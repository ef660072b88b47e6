import { expect, it } from "vitest";
import { createSerial } from "../../src/domain/serial.ts";

/** Tasks that note when they begin, and end when they are told to. */
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

/** Until whatever could go on has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

it("runs the tasks of one key one after another, in the order in which they came", async () => {
  const serial = createSerial();
  const { begun, task, endOf } = createTasks();
  const results = ["first", "second", "third"].map((name) => serial.run("red", task(name)));

  await settled();
  expect(begun).toEqual(["first"]);

  // That a later one could end by now does not let it begin.
  endOf("third").resolve("3");
  endOf("first").resolve("1");
  await settled();
  expect(begun).toEqual(["first", "second"]);

  endOf("second").resolve("2");
  expect(await Promise.all(results)).toEqual(["1", "2", "3"]);
});

it("does not let one key wait for another, nor one queue for another with the same key", async () => {
  const serial = createSerial();
  const { begun, task } = createTasks();
  void serial.run("red", task("red"));
  void serial.run("blue", task("blue"));
  void createSerial().run("red", task("elsewhere"));

  await settled();

  expect(begun).toEqual(["red", "blue", "elsewhere"]);
});

it("gives a failure to whoever asked, and goes on with the next", async () => {
  const serial = createSerial();
  const failing = serial.run("red", () => Promise.reject(new Error("refused")));
  const next = serial.run("red", async () => "done");

  await expect(failing).rejects.toThrow("refused");
  expect(await next).toBe("done");
});

it("begins at once when those before have ended", async () => {
  const serial = createSerial();
  await serial.run("red", async () => undefined);
  await settled();

  const { begun, task } = createTasks();
  void serial.run("red", task("later"));
  await Promise.resolve();

  expect(begun).toEqual(["later"]);
});
