const webhookPrefix = "/runtime/webhooks/durabletask";
/** Where the SDK's own client calls; the client binding's `rpcBaseUrl`. No key, as with the real extension. */
const rpcPrefix = "/durabletask";

export interface DurableRoute {
  readonly path: string;
  readonly isWebhook: boolean;
}

export function findDurableRoute(pathname: string): DurableRoute | undefined {
  for (const prefix of [webhookPrefix, rpcPrefix]) {
    if (pathname.toLowerCase().startsWith(`${prefix}/`))
      return { path: pathname.slice(prefix.length + 1), isWebhook: prefix === webhookPrefix };
  }
  return undefined;
}
