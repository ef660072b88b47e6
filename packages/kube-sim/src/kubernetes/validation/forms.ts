/** The forms of texts that fields hold, by the names that rules.json gives them: what is wrong with one, in about the API server's words. */
import { BlockList, isIP } from "node:net";
import type { Json } from "azure-sim/json";
import { Cron } from "croner";
import { canonicalQuantity, readQuantity } from "../builtIn/quantity.ts";
import { readPattern } from "../pattern.ts";

/** Undefined where nothing is wrong. */
type Form = (text: string) => string | undefined;

const matching =
  (pattern: RegExp, why: string): Form =>
  (text) =>
    pattern.test(text) ? undefined : why;

const where =
  (holds: (text: string) => boolean, why: string): Form =>
  (text) =>
    holds(text) ? undefined : why;

/** The first that is wrong. */
const first =
  (...all: readonly Form[]): Form =>
  (text) => {
    for (const form of all) {
      const problem = form(text);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

const atMost = (most: number, what: string): Form =>
  where((text) => text.length <= most, `must be no more than ${most} ${what}`);

const part =
  (which: string, form: Form): Form =>
  (text) => {
    const problem = form(text);
    return problem === undefined ? undefined : `${which} part ${problem}`;
  };

const filled = where((text) => text !== "", "must be non-empty");

const labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const namePattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const ends = "and must start and end with an alphanumeric character";
const nameText = `must consist of alphanumeric characters, '-', '_' or '.', ${ends} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePattern}')`;

const label = first(
  atMost(63, "characters"),
  matching(
    new RegExp(`^${labelPattern}$`),
    `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${ends} (e.g. 'my-name',  or '123-abc', regex used for validation is '${labelPattern}')`,
  ),
);
const subdomain = first(
  atMost(253, "characters"),
  matching(
    new RegExp(`^${labelPattern}(\\.${labelPattern})*$`),
    `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ends} (e.g. 'example.com', regex used for validation is '${labelPattern}(\\.${labelPattern})*')`,
  ),
);
const name = part("name", first(filled, atMost(63, "bytes"), matching(new RegExp(`^${namePattern}$`), nameText)));
const prefix = part("prefix", first(filled, subdomain));

/** `[prefix/]name`. */
const key: Form = (text) => {
  const [last = "", before, ...more] = text.split("/").toReversed();
  if (more.length > 0)
    return `a valid label key ${nameText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  return (before === undefined ? undefined : prefix(before)) ?? name(last);
};

const labelValue = first(
  atMost(63, "bytes"),
  matching(
    new RegExp(`^(${namePattern})?$`),
    `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ends} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${namePattern})?')`,
  ),
);

const standardFinalizers = ["foregroundDeletion", "kubernetes", "orphan"];

/** Of the oldest groups. */
const finalizer: Form = (text) =>
  key(text) ??
  where(
    (each) => each.includes("/") || standardFinalizers.includes(each),
    "name is neither a standard finalizer name nor is it fully qualified",
  )(text);

/** What a container asks for, in parts of a node. */
const computed = /^(cpu|memory|ephemeral-storage)$/;
const counted =
  /^(pods|services(\.nodeports|\.loadbalancers)?|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|requests\.storage)$/;
const isQualified = (text: string) => text.includes("/") || text.startsWith("hugepages-");
const isInQuotas = (text: string) =>
  isQualified(text) || counted.test(text) || computed.test(text.replace(/^(requests|limits)\./, ""));

const device = where((text) => text.includes("/") && !text.includes("kubernetes.io/"), "must be a device");

const dnsLabelText =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

const wildcard: Form = (text) => subdomain(text.replace(/^\*\./, ""));

const special: readonly [RegExp, string][] = [
  [/^(0\.0\.0\.0|::)$/, "may not be unspecified (0.0.0.0 or ::)"],
  [/^(127\.|::1$)/, "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  [/^(169\.254\.|fe80:)/i, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  [/^(224\.0\.0\.|ff02:)/i, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
];

const ip = where((text) => isIP(text) > 0, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
const net = where(
  (text) => blockOf(text) !== undefined,
  "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
);

/** Of IPv4, nothing stands behind the prefix. */
const cidr: Form = (text) => {
  const block = blockOf(text);
  if (block === undefined) return net(text);
  const number = block.address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const hasMore = block.family === "ipv4" && number % 2 ** (32 - block.bits) !== 0;
  return hasMore ? "must not have bits set beyond the prefix length" : undefined;
};

export function blockOf(text: string) {
  const [address = "", bits = "", ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || !/^\d+$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128))
    return undefined;
  const family = version === 4 ? ("ipv4" as const) : ("ipv6" as const);
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return { address, bits: Number(bits), family, list };
}

const isReadable = (read: () => unknown) => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};

const words = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat";
const schedule = new RegExp(
  `^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|((\\d|${words}|[*?,/-])+( +|$)){5})$`,
  "i",
);
const interval = /^@every (\d+(\.\d+)?(ns|us|ms|s|m|h))+$/;

const configKey = first(
  atMost(253, "characters"),
  matching(
    /^[-._a-zA-Z0-9]+$/,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  ),
  where((text) => text !== "." && text !== "..", "must not be '.' or '..'"),
  where((text) => !text.startsWith(".."), "must not start with '..'"),
);

export const forms: Readonly<Record<string, Form>> = {
  ...{ label, subdomain, key, labelValue, finalizer, device, wildcard, ip, net, cidr, configKey },
  dotless: (text) => (text.includes(".") ? "must not contain dots" : label(text)),
  annotation: (text) => key(text.toLowerCase()),
  host: (text) => (isIP(text) > 0 ? "must be a DNS name, not an IP address" : wildcard(text)),
  fqdn: (text) => subdomain(text.replace(/\.$/, "")),
  endpoint: (text) => ip(text) ?? special.find(([pattern]) => pattern.test(text))?.[1],
  counted: matching(counted, "must be counted"),
  quota: (text) => key(text) ?? where(isInQuotas, "must be a standard resource for quota")(text),
  any: (text) =>
    key(text) ??
    where(
      (each) => each === "storage" || isInQuotas(each),
      "must be a standard resource type or fully qualified",
    )(text),
  container: (text) =>
    key(text) ??
    where((each) => isQualified(each) || computed.test(each), "must be a standard resource for containers")(text),
  limitType: (text) =>
    key(text) ??
    matching(/^(Pod|Container|PersistentVolumeClaim)$|\//, "must be a standard limit type or fully qualified")(text),
  groupVersion: matching(/^([^/]+\/)?[^/]+$/, "version must not be empty"),
  portName: matching(
    /^(?=.{1,15}$)(?=.*[a-z])(?!-|.*--|.*-$)[-a-z0-9]+$/,
    "must be no more than 15 characters, contain at least one letter (a-z), and only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
  ),
  schedule: where(
    (text) => interval.test(text) || (schedule.test(text.trim()) && isReadable(() => new Cron(text, { paused: true }))),
    "expected exactly 5 fields, or a descriptor",
  ),
  timeZone: where((text) => isReadable(() => new Intl.DateTimeFormat("en", { timeZone: text })), "unknown time zone"),
  pattern: where((text) => isReadable(() => readPattern(text)), "must be a valid regular expression"),
  trimmed: where((text) => text === text.trim(), "must not have leading or trailing whitespace"),
  variable: matching(
    /^[ -<>-~]+$/,
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ),
  header: matching(/^[-A-Za-z0-9]+$/, "a valid HTTP header must consist of alphanumeric characters or '-'"),
  sysctl: matching(
    /^(?=.{1,253}$)([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/,
    "must have at most 253 characters and be a name of parts",
  ),
  podField: matching(
    /^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/,
    "field label not supported",
  ),
  dnsLabel: matching(/^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/, dnsLabelText),
  kindName: matching(
    /^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/i,
    `may have mixed case, but should otherwise match: ${dnsLabelText}`,
  ),
  simplePath: matching(/^\./, "must be a simple json path starting with ."),
  specPath: matching(/^\.spec\./, "should be a json path under .spec"),
  statusPath: matching(/^\.status\./, "should be a json path under .status"),
  ownPath: matching(/^\.(spec|status)\./, "should be a json path under either .spec or .status"),
  short: matching(/^.{0,128}$/s, "can have at most 128 characters"),
  note: matching(/^.{0,1024}$/s, "can have at most 1024 characters"),
  within: where((text) => !text.split("/").includes(".."), "must not contain '..'"),
  relative: matching(/^(?!\/|\.\.)/, "must be a relative path"),
  absolute: matching(/^\//, "must be an absolute path"),
};

export const isForm = (form: string, text: string) => forms[form]?.(text) === undefined;

export const nanos = (amount: unknown) =>
  typeof amount === "string" || typeof amount === "number" ? (readQuantity(amount)?.nanos ?? 0n) : 0n;
export const shown = (amount: Json | undefined) =>
  typeof amount === "string" || typeof amount === "number" ? canonicalQuantity(amount) : "0";
export const isWhole = (name: string) => counted.test(name) || isForm("device", name);
