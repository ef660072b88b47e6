const webhookPrefix = "/runtime/webhooks/durabletask";
/**
 * Where the SDK's own client calls: the client binding's `rpcBaseUrl`. The SDK sends no key there but appends to the address
 * that it is given, so the key is the first part of the path.
 */
const rpcPrefix = "/durabletask";

export type DurableRoute =
  | { readonly isWebhook: true; readonly path: string }
  | { readonly isWebhook: false; readonly path: string; readonly key: string };

export function findDurableRoute(pathname: string): DurableRoute | undefined {
  const webhook = pathBelow(webhookPrefix, pathname);
  if (webhook !== undefined) return { isWebhook: true, path: webhook };
  const rpc = pathBelow(rpcPrefix, pathname);
  if (rpc === undefined) return undefined;
  const [key = "", ...rest] = rpc.split("/");
  return { isWebhook: false, path: rest.join("/"), key };
}

function pathBelow(prefix: string, pathname: string): string | undefined {
  return pathname.toLowerCase().startsWith(`${prefix}/`) ? pathname.slice(prefix.length + 1) : undefined;
}
