import { expect, it } from "vitest";
import type { ClientId } from "../../../src/domain/naming/identityPair.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { clientIdOf } from "../../support/ids.ts";

it("puts the first three groups of the client id in little-endian order", () => {
  expect(sidFromClientId(clientIdOf("6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b"))).toBe(
    "0x2C1B3A6E5E4D604F8A9B0C1D2E3F4A5B",
  );
});

it("treats a client id in capitals as the same", () => {
  expect(sidFromClientId(clientIdOf("6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B"))).toBe(
    "0x2C1B3A6E5E4D604F8A9B0C1D2E3F4A5B",
  );
});

it.each(["", "6e3a1b2c", "6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b'; DROP", "zz3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b"])(
  "refuses %j, which is not a GUID",
  (text) => {
    expect(() => sidFromClientId(text as ClientId)).toThrow("is not a GUID");
  },
);
