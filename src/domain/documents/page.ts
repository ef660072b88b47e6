/** Paged lists. */
import { z } from "zod";

export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ value: z.array(item), nextLink: z.string().optional() });
