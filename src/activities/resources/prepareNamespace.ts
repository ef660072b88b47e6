import { together } from "../operation/together.ts";
import { ensureIdentity } from "./identity.ts";
import { applyNamespace } from "./namespace.ts";

/** The identity, and the namespace that it is for: neither needs the other. */
export const prepareNamespace = together("prepareNamespace", ensureIdentity, applyNamespace);
