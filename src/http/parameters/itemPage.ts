/** Which items of a batch its status shows: a batch has up to a thousand. */
import { z } from "zod";
import type { ItemPage } from "../../application/documents/batchStatus.ts";
import { mostRequests } from "../../domain/operation/batch.ts";
import { OperationStatus } from "../../domain/operation/operation.ts";
import type { Parameter } from "../declaration.ts";
import { linkTo } from "./page.ts";
import { queryOf, readQuery } from "./query.ts";

const defaultTop = 100;

const Items = z.object({
  top: z
    .int()
    .min(1)
    .max(mostRequests)
    .optional()
    .meta({ description: "For a batch: how many items to return; 100 by default." }),
  from: z.int().min(0).max(mostRequests).optional().meta({ description: "For a batch: the index of the first item." }),
  status: OperationStatus.optional().meta({ description: "For a batch: only items with this status." }),
});

export const itemPage: Parameter<ItemPage> = {
  ...queryOf(Items),
  read(request) {
    const { top = defaultTop, from = 0, status } = readQuery(request, Items);
    return { top, from, status, linkFrom: (index) => linkTo(request, { from: String(index) }) };
  },
};
