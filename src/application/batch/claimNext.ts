import type { HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { claimItem, nextIndex, noteEnd } from "./batchItem.ts";
import { getBatch } from "./batchRecord.ts";
import { beginVerification } from "./verifyItem.ts";

/** How many items that need no run of their own, such as those already onboarded, a lane passes in one turn. */
const mostTried = 25;

/** Without an index, nothing is left; with an index and no work, there may be more. */
interface NextItem {
  readonly index?: number | undefined;
  /** Held by the operation that the lane runs. */
  readonly record?: HeldRecord;
  /** The item has to be verified. */
  readonly verifies?: true;
}

/** Notes the end of the lane's last item, then claims the next one that the lane has to run. */
export async function claimNext(
  ports: Ports,
  { batch: id, lane, done }: { batch: string; lane: string; done: number | undefined },
): Promise<NextItem> {
  const { registry } = ports;
  if (done !== undefined) {
    const item = await unlessUnreadable(registry.getBatchItem(id, done));
    if (item) await noteEnd(ports, id, item);
  }
  let last = done;
  for (let tried = 0; tried < mostTried; tried += 1) {
    const batch = await getBatch(ports, id);
    // Items that have not begun never begin.
    if (batch.cancel || batch.givenUp !== undefined) return {};
    const index = await nextIndex(ports, { batch: id, lane, done: last });
    if (index === undefined) return {};
    if (batch.work?.action === "verify") {
      if (await beginVerification(ports, id, index)) return { index, verifies: true };
      last = index;
      continue;
    }
    const record = await claimItem(ports, batch, { index, lane });
    if (record) return { index, record };
    last = index;
  }
  return { index: last };
}
