import { namedIn } from "../../src/domain/request/objectForm.ts";
import type { Change } from "./change.ts";
import type { Asked } from "./requestFlags.ts";

/** The request is what somebody wrote, so its fields may be anything. */
export function onboardingOf(request: object, { takeOver }: Pick<Asked, "takeOver">): Change {
  const { cluster = "?", namespace = "?" } = namedIn(request);
  const name = `${String(cluster)}/${String(namespace)}`;
  const query = takeOver ? { takeOver: "true" } : {};
  return { call: { method: "POST", path: "/api/onboardings", query, body: request }, title: `onboard ${name}`, name };
}
