/** Error responses of the token endpoint (learn.microsoft.com "Microsoft Entra authentication error codes"). */
import { randomUUID } from "node:crypto";
import type { HttpReply } from "../httpServer.ts";

const federationPage = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const checkCredential = `Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${federationPage}`;

export interface Assertion {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** A refusal of the token endpoint, by AADSTS number. */
export class EntraFailure extends Error {
  override readonly name = "EntraFailure";
  readonly number: number;
  readonly error: string;
  readonly status: number;

  constructor(
    number: number,
    error: "invalid_client" | "invalid_grant" | "invalid_request" | "unauthorized_client",
    message: string,
  ) {
    super(message);
    this.number = number;
    this.error = error;
    this.status = error === "invalid_client" ? 401 : 400;
  }
}

export const failures = {
  unknownClient: (clientId: string, tenantId: string) =>
    new EntraFailure(
      700016,
      "unauthorized_client",
      `Application with identifier '${clientId}' was not found in the directory '${tenantId}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    ),
  unknownTenant: (tenantId: string) =>
    new EntraFailure(
      90002,
      "invalid_request",
      `Tenant '${tenantId}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    ),
  missingParameter: (name: string) =>
    new EntraFailure(900144, "invalid_request", `The request body must contain the following parameter: '${name}'.`),
  unsupportedGrant: (grant: string) =>
    new EntraFailure(70003, "invalid_request", `The app requested an unsupported grant type '${grant}'.`),
  badScope: (scope: string) =>
    new EntraFailure(
      1002012,
      "invalid_request",
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    ),
  malformedAssertion: () =>
    new EntraFailure(50027, "invalid_request", "JWT token is invalid or malformed: the client assertion."),
  outOfTime: (now: Date, expiry: Date) =>
    new EntraFailure(
      700024,
      "invalid_client",
      `Client assertion is not within its valid time range. Current time: ${now.toISOString()}, expiry time of assertion ${expiry.toISOString()}.`,
    ),
  wrongIssuer: ({ issuer }: Assertion) =>
    new EntraFailure(
      700211,
      "invalid_client",
      `No matching federated identity record found for presented assertion issuer '${issuer}'. ${checkCredential}`,
    ),
  wrongSubject: ({ subject }: Assertion) =>
    new EntraFailure(
      700213,
      "invalid_client",
      `No matching federated identity record found for presented assertion subject '${subject}'. ${checkCredential}`,
    ),
  wrongSubjectCase: ({ subject }: Assertion) =>
    new EntraFailure(
      7002138,
      "invalid_client",
      `No matching federated identity record found for presented assertion subject '${subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. ${checkCredential}`,
    ),
  wrongAudience: ({ audience }: Assertion) =>
    new EntraFailure(
      700212,
      "invalid_client",
      `No matching federated identity record found for presented assertion audience '${audience}'. ${checkCredential}`,
    ),
  notYetReplicated: ({ issuer, subject, audience }: Assertion) =>
    new EntraFailure(
      70021,
      "invalid_request",
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer}'. Assertion Subject: '${subject}'. Assertion Audience: '${audience}'. ${federationPage}`,
    ),
  issuerUnreachable: (issuer: string) =>
    new EntraFailure(90061, "invalid_request", `Request to External OIDC endpoint failed: '${issuer}'.`),
  badSignature: () =>
    new EntraFailure(
      700027,
      "invalid_client",
      "Client assertion failed signature validation. Reason - The key was not found or does not match.",
    ),
} as const;

export function entraReply(failure: EntraFailure, now: Date): HttpReply {
  return errorReply({ ...failure, message: failure.message, now });
}

export function errorReply({
  number,
  error,
  status,
  message,
  now,
  headers,
}: {
  number: number;
  error: string;
  status: number;
  message: string;
  now: Date;
  headers?: Readonly<Record<string, string>>;
}): HttpReply {
  const timestamp = `${now.toISOString().slice(0, 19).replace("T", " ")}Z`;
  const [trace, correlation] = [randomUUID(), randomUUID()];
  return {
    status,
    headers: { "cache-control": "no-store", ...headers },
    body: {
      error,
      error_description: `AADSTS${number}: ${message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [number],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    },
  };
}
