/** The service's address and the caller's credential: from flags, else the environment, else the file of contexts. */
import { UsageError } from "../failures.ts";

const defaultServer = "http://127.0.0.1:7071";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A named service. */
export interface Context {
  readonly server: string;
  /** The client id of Mooring's application. */
  readonly audience?: string | undefined;
}

export interface ConnectionFlags {
  readonly context?: string | undefined;
  readonly server?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
  readonly audience?: string | undefined;
}

export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "key" | "token"; readonly secret: string }
  | { readonly kind: "audience"; readonly audience: string };

export interface Connection {
  readonly server: URL;
  readonly credential: Credential;
}

export function readConnection(flags: ConnectionFlags, env: Environment, context?: Context): Connection {
  const fromEnvironment = env["MOORING_SERVER"] || undefined;
  // A context named by a flag takes precedence over the environment, as any flag does.
  const named = flags.context === undefined ? (fromEnvironment ?? context?.server) : context?.server;
  const server = readServer(flags.server ?? named ?? defaultServer);
  // A context's audience belongs to its server; no other server gets a token for it.
  const ofContext = context && readServer(context.server).href === server.href ? context.audience : undefined;
  const credential = readCredential(flags, env, ofContext);
  if (credential.kind !== "none" && server.protocol !== "https:" && !isLoopback(server.hostname)) {
    throw new UsageError(
      `A ${credential.kind === "key" ? "key" : "token"} is not sent to ${server.origin}, because others could read it on the way. Use https.`,
    );
  }
  return { server, credential };
}

export function readServer(text: string): URL {
  const server = URL.parse(text);
  if (!server || !/^https?:$/.test(server.protocol)) {
    throw new UsageError(`The server is "${text}"; write its address as https://mooring.example or ${defaultServer}.`);
  }
  if (server.username !== "" || server.password !== "" || server.search !== "" || server.hash !== "") {
    // Not printed, as it may contain a password.
    throw new UsageError("The server's address must not contain a user, password, query or fragment.");
  }
  return server;
}

/** Flags first, then a context named by a flag. A key and a token from the same source would be ambiguous. */
function readCredential(
  { key, token, audience, context }: ConnectionFlags,
  env: Environment,
  audienceOfContext: string | undefined,
): Credential {
  const flags = choose({ key, token, audience });
  if (flags.length > 1) throw new UsageError("Give one of --key, --token and --audience.");
  const variables = choose({
    key: env["MOORING_KEY"],
    token: env["MOORING_TOKEN"],
    audience: env["MOORING_AUDIENCE"],
  });
  if (flags.length === 0 && variables.length > 1) {
    throw new UsageError("Set one of MOORING_KEY, MOORING_TOKEN and MOORING_AUDIENCE, or choose by a flag.");
  }
  const [ofContext] = choose({ audience: audienceOfContext });
  const named = context === undefined ? (variables[0] ?? ofContext) : (ofContext ?? variables[0]);
  return flags[0] ?? named ?? { kind: "none" };
}

function choose(given: Pick<ConnectionFlags, "key" | "token" | "audience">): readonly Credential[] {
  const secret = (kind: "key" | "token", value: string | undefined): Credential[] => {
    if (value === undefined || value === "") return [];
    // A line break from a file could inject a header.
    if (!/^[\x21-\x7e]+$/.test(value)) throw new UsageError(`The ${kind} contains spaces or other invalid characters.`);
    return [{ kind, secret: value }];
  };
  const { audience } = given;
  return [
    ...secret("key", given.key),
    ...secret("token", given.token),
    ...(audience === undefined || audience === "" ? [] : [{ kind: "audience", audience } as const]),
  ];
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
