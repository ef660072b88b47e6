/** What the `durableClient` binding carries: where the SDK's client finds this engine. */
export interface Endpoints {
  readonly hubName: string;
  /** The host's, without a trailing slash. */
  readonly baseUrl: string;
  /** Opens the webhooks; the SDK includes it in the links that it returns. */
  readonly key: string;
  /** Part of the address that the SDK's own client calls. */
  readonly rpcKey: string;
}

const webhooks = "/runtime/webhooks/durabletask";

export function writeClientPayload(endpoints: Endpoints): string {
  const { hubName, baseUrl, key, rpcKey } = endpoints;
  const base = `${baseUrl}${webhooks}`;
  const code = `code=${encodeURIComponent(key)}`;
  return JSON.stringify({
    taskHubName: hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?${code}`,
      createAndWaitOnNewInstancePostUri:
        `${base}/orchestrators/{functionName}[/{instanceId}]` +
        `?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${code}`,
    },
    // The SDK replaces the first INSTANCEID only, and the literal {eventName} and {text}.
    managementUrls: { id: "INSTANCEID", ...instanceLinks("INSTANCEID", endpoints) },
    baseUrl: base,
    requiredQueryStringParameters: code,
    // Without it the client talks to port 7071, whatever port this host has.
    rpcBaseUrl: `${baseUrl}/durabletask/${rpcKey}/`,
  });
}

/** The links of one instance, in the SDK's template form. */
export function instanceLinks(id: string, { hubName, baseUrl, key }: Omit<Endpoints, "rpcKey">) {
  const instance = `${baseUrl}${webhooks}/instances/${id}`;
  const query = `taskHub=${hubName}&connection=Storage&code=${encodeURIComponent(key)}`;
  return {
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}
