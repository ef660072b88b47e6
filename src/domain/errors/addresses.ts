/**
 * Where Mooring's clusters, databases and services are is the operator's knowledge: callers name them by the catalog's aliases
 * (docs/callers.md). Messages of SDKs and services name hosts and addresses all the same.
 */

const hidden = "[address]";

/** Links that explain an error; they lead nowhere in the operator's network. */
const documentation = /^https:\/\/(?:aka\.ms|(?:[a-z]+\.)?microsoft\.com|kubernetes\.io|git\.k8s\.io)(?=[/\s]|$)/i;
/** Names in the form of an address. */
const audience = /^api:/i;

const patterns: readonly [RegExp, string][] = [
  // Node's: `getaddrinfo ENOTFOUND host`, `connect ECONNREFUSED ::1:443`, `… altnames: Host: host. is not in the cert's …`.
  [/\b(ENOTFOUND|EAI_AGAIN) [^\s,;]+/g, "$1"],
  [/\b(E[A-Z]{4,}) [^\s,;]+:\d+/g, "$1"],
  [/(certificate's altnames): .*/g, "$1"],
  [/\b(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+):\d{2,5}\b/gi, hidden],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d+)?/g, hidden],
];

/** The text without URLs, addresses and the hosts that are given. */
export function withoutAddresses(text: string, hosts: readonly string[] = []): string {
  const urls = text.replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>()]+/gi, (url) =>
    documentation.test(url) || audience.test(url) ? url : hidden,
  );
  const shown = patterns.reduce((rest, [pattern, by]) => rest.replaceAll(pattern, by), urls);
  return hosts.reduce((rest, host) => rest.replaceAll(new RegExp(literal(host), "gi"), hidden), shown);
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
