/**
 * The SID by which Azure SQL knows a managed identity: its *client ID* (not its principal ID) in SQL Server's
 * uniqueidentifier byte order, the first three groups little endian (learn.microsoft.com "Create users with
 * CREATE USER … WITH SID"; a user created from the principal ID exists but can never log in).
 */
import type { ClientId } from "./identityPair.ts";
export function sidFromClientId(clientId: ClientId): string {
  const groups = clientId.toLowerCase().split("-");
  const [a, b, c, d, e] = groups;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId) || !a || !b || !c || !d || !e) {
    throw new TypeError(`"${clientId}" is not a GUID`);
  }
  return `0x${reverseBytes(a)}${reverseBytes(b)}${reverseBytes(c)}${d}${e}`.toUpperCase().replace("0X", "0x");
}

/** For people: whose SID it is. */
export function clientIdFromSid(sid: string): string {
  const hex = sid.slice(2).toLowerCase();
  const [a, b, c] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16)].map(reverseBytes);
  return [a, b, c, hex.slice(16, 20), hex.slice(20)].join("-");
}

function reverseBytes(hex: string): string {
  return (hex.match(/../g) ?? []).reverse().join("");
}
