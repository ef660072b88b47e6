import { expect } from "vitest";
import type { FakeCloud } from "./fakeCloud.ts";

/** Asserts that the cloud contains only what createFakeCloud put there. */
export function expectNothingLeft(cloud: FakeCloud): void {
  expect(cloud.identities.size).toBe(0);
  expect([...cloud.credentials.values()].flat()).toEqual([]);
  expect([...cloud.users.values()].flatMap((users) => [...users.keys()])).toEqual([]);
  expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
}
