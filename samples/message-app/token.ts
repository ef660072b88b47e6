/** An access token of Microsoft Entra, in the identity mode of the pod. */
import { ManagedIdentityCredential, type TokenCredential, WorkloadIdentityCredential } from "@azure/identity";
import { messageOf } from "../../src/domain/messageOf.ts";
import { Refusal } from "./refusal.ts";

export async function getDatabaseToken(): Promise<string> {
  return await getToken("https://database.windows.net", "the database");
}

/** `what` is for people. */
export async function getToken(resource: string, what: string): Promise<string> {
  try {
    const { token } = (await createCredential().getToken(`${resource}/.default`)) ?? {};
    if (token) return token;
  } catch (error) {
    throw new Refusal("token", `No token for ${what}: ${explain(error)}`, { cause: error });
  }
  throw new Refusal("token", `No token for ${what}: the credential returned none.`);
}

function createCredential(): TokenCredential {
  const { AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID } = process.env;
  if (AZURE_FEDERATED_TOKEN_FILE) {
    // The SDK's own message would be about its classes.
    if (!AZURE_CLIENT_ID) throw new Error("the service account of this pod has no annotation that names an identity.");
    // The webhook names the authority in AZURE_AUTHORITY_HOST, so no discovery has to confirm it.
    // With an identity binding, the webhook also names the cluster's proxy, which only this option uses.
    return new WorkloadIdentityCredential({ disableInstanceDiscovery: true, enableAzureProxy: true });
  }
  return new ManagedIdentityCredential(AZURE_CLIENT_ID ? { clientId: AZURE_CLIENT_ID } : {});
}

/** Entra's own sentence without its trace ids, or the SDK's message. */
function explain(error: unknown): string {
  const message = messageOf(error);
  const entra =
    /AADSTS\d+: .*?(?= Check your federated| This can happen if| https?:\/\/\S+ Trace ID| Trace ID|$)/s.exec(
      message,
    )?.[0];
  if (entra) return entra;
  const [line = ""] = message.split("\n", 1);
  if (process.env["AZURE_FEDERATED_TOKEN_FILE"]) return line;
  // The SDK hides the answer of the node's endpoint, which usually is that the pod has no identity.
  const detail = line.includes("Not Available") ? "" : ` (${line})`;
  return `the node gave this pod none; check its label aadpodidbinding and the AzureIdentityBinding for it${detail}`;
}
