/**
 * Only the operator should know where clusters, databases and services are: callers name them by the catalog's aliases
 * (docs/callers.md). Messages of SDKs and services contain hosts and addresses anyway, so these are removed here.
 */

const hidden = "[address]";

/** Links that explain an error; none leads into the operator's network. */
const documentation = /^https:\/\/(?:aka\.ms|(?:[a-z]+\.)?microsoft\.com|kubernetes\.io|git\.k8s\.io)(?=[/\s]|$)/i;
/** Names that look like addresses. */
const audience = /^api:/i;

const patterns: readonly [RegExp, string][] = [
  // From Node: `getaddrinfo ENOTFOUND host`, `connect ECONNREFUSED ::1:443`, `… altnames: Host: host. is not in the cert's …`.
  [/\b(ENOTFOUND|EAI_AGAIN) [^\s,;]+/g, "$1"],
  [/\b(E[A-Z]{4,}) [^\s,;]+:\d+/g, "$1"],
  [/(certificate's altnames): .*/g, "$1"],
  [/\b(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+):\d{2,5}\b/gi, hidden],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d+)?/g, hidden],
];

/** The text without URLs, addresses and the given hosts. */
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
