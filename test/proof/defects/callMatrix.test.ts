/** Defects that the matrix of calls must find. */

import { expect, it } from "vitest";
import { type CallCell, sampled, tryCall } from "../support/callMatrix.ts";
import { defects } from "../support/defects.ts";

const most = 1_000;
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);

it.each(["a service account that is never removed", "an object that is replaced without a look"])(
  "finds %s",
  async (defect) => {
    const { finds = /./, from: _seeds, ...control } = defects[defect] ?? {};
    const found = async (cell: CallCell) => {
      const { problems } = await tryCall(cell, control).catch((error: unknown) => ({ problems: [String(error)] }));
      return problems.some((problem) => finds.test(problem));
    };
    let tried = 0;
    for await (const cell of sampled(seed, most, ["own"])) {
      tried += 1;
      if (await found(cell)) break;
    }
    expect(tried).toBeLessThan(most);
  },
  600_000,
);
