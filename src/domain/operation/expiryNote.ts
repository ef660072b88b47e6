/** What a namespace's record keeps about the end of its access. */
import { z } from "zod";

/** What the watcher has noted about the end of a namespace's access. */
export const ExpiryNote = z.object({
  /** The end that the note is about; for any other it says nothing. */
  end: z.string(),
  warnedTime: z.string().exactOptional(),
  /** The first of several looks that found it passed. */
  passedTime: z.string().exactOptional(),
  /** The last attempt to revoke what has ended, which has not done it. */
  tried: z.object({ time: z.string(), times: z.int(), operation: z.string().exactOptional() }).exactOptional(),
});
export type ExpiryNote = Readonly<z.infer<typeof ExpiryNote>>;
