import { z } from "zod";

/** A time in RFC 3339 format. */
export const Time = z.iso.datetime();
