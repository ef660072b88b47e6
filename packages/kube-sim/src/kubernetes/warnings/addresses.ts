/** Addresses and blocks that are written in another way than usual (apimachinery, util/validation/ip.go). */
import { isIPv4, isIPv6 } from "node:net";

export function addressWarnings(address: string, field: string): string[] {
  if (!isIPv6(address)) return [];
  const canonical = canonicalOf(address);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped) {
    const [high = 0, low = 0] = mapped.slice(1).map((part) => Number.parseInt(part, 16));
    const plain = [high >> 8, high & 255, low >> 8, low & 255].join(".");
    return [`${field}: non-standard IP address ${JSON.stringify(address)} is invalid: use ${JSON.stringify(plain)}`];
  }
  if (canonical === address) return [];
  const form = `should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`;
  return [`${field}: IPv6 address ${JSON.stringify(address)} ${form}`];
}

const canonicalOf = (address: string) => new URL(`http://[${address}]`).hostname.slice(1, -1);

/** A block of addresses that names one of them. */
export function blockWarnings(block: string, field: string): string[] {
  const [address = "", bits = ""] = block.split("/");
  if (!isIPv4(address)) return [];
  const number = address.split(".").reduce((all, part) => all * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  if (first === number) return [];
  const network = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
  const meant = `should be ${JSON.stringify(`${network}/${bits}`)} or ${JSON.stringify(`${address}/32`)}?`;
  return [`${field}: CIDR value ${JSON.stringify(block)} is ambiguous in this context (${meant})`];
}
