import { expect, it } from "vitest";
import { Network } from "../../../src/domain/profiles/network.ts";

it.each([
  [
    { addresses: ["10.8.0.0/24"], ports: ["9000-8000"] },
    "ports.0 must be a range from the lower port to the higher one",
  ],
  [{ addresses: ["10.8.0.0/24"], ports: ["0-80"] }, "ports.0 must be a range from the lower port to the higher one"],
  [
    { addresses: ["10.8.0.0/24"], ports: ["8000-70000"] },
    "ports.0 must be a range from the lower port to the higher one",
  ],
  [{ addresses: ["10.8.0.0/24"], ports: ["http"] }, "ports.0 must be a port, or a range such as 8000-8999"],
  [
    { addresses: ["10.8.0.0/24", "169.254.169.254/32"] },
    "addresses must not be the instance metadata service, which no policy opens",
  ],
  [{ addresses: ["0.0.0.0/0"] }, "addresses must not be every address: name the blocks that are meant"],
  [{ ports: [443] }, " must have addresses or hosts"],
])("refuses to open %j", (opening, expected) => {
  const { error } = Network.safeParse({ destinations: [opening] });
  const told = error?.issues.map(({ path, message }) => `${path.slice(2).join(".")} ${message}`);
  expect(told).toEqual([expected]);
});

it("takes ports, ranges and blocks", () => {
  const opening = { addresses: ["169.254.0.0/16"], ports: [443, "8000-8999", "80-80"] };
  expect(Network.parse({ destinations: [opening] }).destinations).toEqual([opening]);
});
