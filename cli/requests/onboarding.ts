import { defined } from "../../src/domain/defined.ts";
import { namedIn } from "../../src/domain/request/objectForm.ts";
import type { Change } from "./change.ts";
import type { Decided } from "./requestFlags.ts";

/** A person wrote the request, so its fields may be anything. */
export function onboardingOf(
  request: object,
  { takeOver, adoptIdentity, ifMatch }: Decided & { readonly ifMatch?: string | undefined },
): Change<"POST /api/onboardings"> {
  const { cluster = "?", namespace = "?" } = namedIn(request);
  const name = `${String(cluster)}/${String(namespace)}`;
  const query = {
    ...(takeOver ? { takeOver: "true" } : {}),
    ...defined({ adoptIdentity }),
  };
  const call = { route: "POST /api/onboardings", query, body: request, ifMatch } as const;
  return { call, title: `onboard ${name}`, name };
}
