import { expect, it } from "vitest";
import { withoutAddresses } from "../../src/domain/errors/addresses.ts";

const hosts = ["aks-dev-0000.hcp.westeurope.azmk8s.io"];

it.each([
  ["getaddrinfo ENOTFOUND sql-dev.database.windows.net", "getaddrinfo ENOTFOUND"],
  ["connect ECONNREFUSED 10.0.0.4:443", "connect ECONNREFUSED"],
  ["connect ECONNREFUSED ::1:6443", "connect ECONNREFUSED"],
  ["Failed to connect to sql-dev.database.windows.net:1433 in 30000ms", "Failed to connect to [address] in 30000ms"],
  ["Failed to connect to localhost:1433", "Failed to connect to [address]"],
  [
    "aks-dev-0000.hcp.westeurope.azmk8s.io:443 said no, AKS-DEV-0000.hcp.westeurope.azmk8s.io too",
    "[address] said no, [address] too",
  ],
  [
    'Post "https://hook.ns.svc:443/validate?timeout=10s": dial tcp 10.2.3.4:443: refused',
    'Post "[address]": dial tcp [address]: refused',
  ],
  [
    "Hostname/IP does not match certificate's altnames: Host: a.b. is not in the cert's altnames: DNS:c.d",
    "Hostname/IP does not match certificate's altnames",
  ],
  ["amqps://bus.servicebus.windows.net is away", "[address] is away"],
])("removes the address from %s", (text, told) => {
  expect(withoutAddresses(text, hosts)).toBe(told);
});

it.each([
  'admission webhook "policy.example.com" denied the request: label team is missing',
  'azure.workload.identity/client-id belongs to "kubectl"',
  "Audience api://AzureADTokenExchange; see https://aka.ms/arm-errors and https://learn.microsoft.com/azure",
  "dbo.orders: Login failed (SQL error 18456) at 2026-11-26T18:25:30.123Z",
  "aadpodidentity.k8s.io/v1 is not served",
])("leaves %s as it is", (text) => {
  expect(withoutAddresses(text, hosts)).toBe(text);
});

it("is not fooled by another host whose name begins like the documentation's", () => {
  expect(withoutAddresses("https://aka.ms.evil.example/x")).toBe("[address]");
});
