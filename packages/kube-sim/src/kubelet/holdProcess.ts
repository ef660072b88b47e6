/**
 * Loaded into a pod's process before its program (`node --import`): refuses TCP connections that the pod's network policies do not
 * open, as a dropped packet would, but at once. It holds a program, and no attacker: whoever writes the program can go around it, and
 * what is no Node.js is not held at all.
 */
import { lookup as dnsLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction, Socket } from "node:net";
import { egressVariable } from "./egressVariable.ts";
import type { Opening } from "./networkPolicies.ts";

const text = process.env[egressVariable];
if (text !== undefined) hold(JSON.parse(text) as readonly Opening[]);

interface Options {
  readonly host?: string;
  readonly port?: number | string;
  readonly path?: string;
  readonly lookup?: LookupFunction;
}

function hold(openings: readonly Opening[]): void {
  const mayReach = openings.map(reaching);
  const isOpen = (address: string, port: number) => mayReach.some((may) => may(address, port));
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function held(this: Socket, ...given: unknown[]) {
    const options = optionsOf(given);
    const { host = "localhost", port, path } = options;
    if (path !== undefined) return Reflect.apply(connect, this, given);
    if (isIP(host) !== 0) {
      if (isOpen(host, Number(port))) return Reflect.apply(connect, this, given);
      process.nextTick(() => this.destroy(refusal(host, Number(port))));
      return this;
    }
    const lookup = openOnly(options.lookup ?? dnsLookup, (address) => isOpen(address, Number(port)), Number(port));
    return Reflect.apply(connect, this, withOptions(given, { ...options, lookup }));
  } as typeof connect;
}

/** Names stand for those of their addresses that are open. */
function openOnly(lookup: LookupFunction, isOpen: (address: string) => boolean, port: number): LookupFunction {
  return (hostname, options, answer) =>
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return answer(error, "");
      const all = typeof found === "string" ? [{ address: found, family: isIP(found) }] : found;
      const open = all.filter(({ address }) => isOpen(address));
      const [first] = open;
      if (!first) return answer(refusal(hostname, port), "");
      return options.all ? answer(null, open) : answer(null, first.address, first.family);
    });
}

function refusal(host: string, port: number): NodeJS.ErrnoException {
  const error = new Error(`connect ETIMEDOUT ${host}:${port}: no network policy of the pod opens it`);
  return Object.assign(error, { code: "ETIMEDOUT", syscall: "connect", address: host, port });
}

/** `connect(options)`, `connect(port, host)`, or the array that `net.connect` makes of them. */
function optionsOf(given: readonly unknown[]): Options {
  const [first, second] = Array.isArray(given[0]) ? (given[0] as unknown[]) : given;
  if (typeof first === "object" && first !== null) return first;
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  return { port: Number(first), ...(typeof second === "string" ? { host: second } : {}) };
}

function withOptions(given: unknown[], options: Options): unknown[] {
  const [first] = given;
  if (Array.isArray(first)) {
    // Node.js recognizes its own array.
    first[0] = options;
    return given;
  }
  const listener = given.find((each) => typeof each === "function");
  return listener === undefined ? [options] : [options, listener];
}

function reaching({ blocks, ports }: Opening): (address: string, port: number) => boolean {
  const lists = blocks?.map(({ cidr, except }) => ({ open: listOf([cidr]), closed: listOf(except) }));
  const isIn = (list: BlockList, address: string) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (address, port) =>
    (!ports || ports.some(({ from, to }) => from <= port && port <= to)) &&
    (!lists || lists.some(({ open, closed }) => isIn(open, address) && !isIn(closed, address)));
}

function listOf(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = "", length = ""] = block.split("/");
    list.addSubnet(address, Number(length), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}
