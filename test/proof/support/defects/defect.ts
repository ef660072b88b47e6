/** What a planted defect is, and what several of them share. */
import type { SimulateOptions } from "../simulate.ts";

export interface Defect extends SimulateOptions {
  /** The problems that reveal it. */
  readonly finds: RegExp;
  /** The first world to search, 0 by default; a rare defect shows in one of several hundred worlds. */
  readonly from?: number;
  /** Whether the search covers only worlds with batches. */
  readonly isOfBatches?: boolean;
}

/** By what is wrong. */
export type Defects = Readonly<Record<string, Defect>>;

/** What is rare in other worlds happens in one of a few. */
export const eventful = { moreActs: 4 };

export const leaks = /left behind|still there|nobody's|not Mooring's|another issuer/;
