/** The app of every release still loads, and the checkout registers every name that its running operations may call. */
import { existsSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { compareVersions } from "../../packages/functions-host/src/durable/versions.ts";
import { ensureBuilt } from "../../sandbox/build.ts";
import { historiesFolder, upcoming } from "../proof/support/histories.ts";
import { type Registered, registeredBy } from "./support/registered.ts";
import {
  checkout,
  mostBytes,
  packedBundle,
  type ReleasedApp,
  readFixture,
  releases,
  releasesFolder,
  unpackApp,
} from "./support/releases.ts";

const unpacked: ReleasedApp[] = [];

beforeAll(() => ensureBuilt());

afterEach(async () => {
  for (const app of unpacked.splice(0)) await app.remove();
});

it("has the first release", () => {
  expect(releases).toContain("0.1.0");
});

it.each(releases)("loads %s on the embedded host, with everything that it registered then", async (release) => {
  const app = await unpackApp(release);
  unpacked.push(app);

  const registered = await registeredBy(app.folder);

  expect(registered).toEqual(readFixture(release, "registered.json"));
  const triggers = Object.values(registered);
  expect(triggers.filter((type) => type === "orchestrationTrigger").length).toBeGreaterThanOrEqual(8);
  expect(triggers.filter((type) => type === "activityTrigger").length).toBeGreaterThanOrEqual(30);
  expect((await stat(join(releasesFolder, release, packedBundle))).size).toBeLessThanOrEqual(mostBytes);
});

it("registers every activity and orchestration of every release", async () => {
  const today = await registeredBy(checkout);

  // The extension never fails an unknown name: whatever waits for it waits forever.
  for (const release of releases)
    expect(lost(readFixture(release, "registered.json") as Registered, today)).toEqual([]);
});

it("starts operations under a version newer than every release's where they run differently", () => {
  const { defaultVersion, ...strategies } = durableTaskOf(checkout);
  const runOtherwise = existsSync(join(historiesFolder, upcoming));

  expect(strategies).toMatchObject({ versionMatchStrategy: "CurrentOrOlder", versionFailureStrategy: "Reject" });
  for (const release of releases) {
    const order = compareVersions(defaultVersion, durableTaskOf(join(releasesFolder, release)).defaultVersion ?? "");
    expect({ release, order }).toEqual({ release, order: runOtherwise ? 1 : expect.toSatisfy((each) => each >= 0) });
  }
});

function durableTaskOf(folder: string) {
  return JSON.parse(readFileSync(join(folder, "host.json"), "utf8")).extensions.durableTask;
}

it("notices a name that is gone or has another trigger type", () => {
  const then = { preflight: "activityTrigger", onboardNamespace: "orchestrationTrigger", health: "httpTrigger" };

  expect(lost(then, { onboardNamespace: "activityTrigger" })).toEqual(["preflight", "onboardNamespace"]);
});

/** Names that a running operation may call. Only the running app uses its routes and timers. */
function lost(then: Registered, today: Registered): readonly string[] {
  return Object.entries(then).flatMap(([name, type]) =>
    ["activityTrigger", "orchestrationTrigger", "entityTrigger"].includes(type) && today[name] !== type ? [name] : [],
  );
}
