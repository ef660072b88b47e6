/**
 * A guest is named in the record of its home before it gets anything, so that whoever changes or offboards the home knows where to
 * look. Both records are written before either looks at the other: the guest's when it is claimed, the home's here, unless an
 * operation holds it. So one of two that come at the same time always sees the other (docs/adr/0029).
 */
import { homeOf, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import { teamOf } from "../../domain/operation/lifecycle.ts";
import type { Blocker } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { whyNotShared } from "../../resources/identity/sharing.ts";
import { amendNamespace } from "../amend.ts";

/**
 * What prevents it, if anything does. The plan says so, too, unless the home was free again by then: but only what was joined before
 * the plan looks may go on (`throwConflict`). Idempotent.
 */
export async function joinIdentity(
  { registry }: Pick<Ports, "registry">,
  request: OnboardingRequest,
): Promise<Blocker | undefined> {
  if (!isGuest(request)) return undefined;
  const guest = namespaceKey(request);
  const own = await registry.getNamespace(request);
  const team = own && teamOf(own);
  // Its name may be from the last time, and about to be taken off: the write makes that look again.
  const isNew = own?.state === "Onboarding";
  let obstacle: Blocker | undefined;
  const { record } = await amendNamespace(registry, homeOf(request), (home) => {
    const guests = home.guests ?? [];
    obstacle = whyNotShared(home, { request, team, own });
    if (obstacle || (guests.includes(guest) && !isNew)) return undefined;
    return { ...home, guests: [...guests.filter((each) => each !== guest), guest] };
  });
  return record ? obstacle : whyNotShared(undefined, { request, team, own });
}
