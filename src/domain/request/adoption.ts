import type { AdoptionPolicy } from "./request.ts";

/** Total: another policy does not compile before it says what it uses. */
const uses: { readonly [P in AdoptionPolicy]: (isIdentical: boolean) => boolean } = {
  Never: () => false,
  IfIdentical: (isIdentical) => isIdentical,
  Always: () => true,
};

/** Whether an operation may use what exists already and is not Mooring's; identical: as the request wants it. */
export function mayAdopt(policy: AdoptionPolicy, { isIdentical }: { isIdentical: boolean }): boolean {
  return uses[policy](isIdentical);
}
