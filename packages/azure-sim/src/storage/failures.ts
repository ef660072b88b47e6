/** Errors of Azure Storage (learn.microsoft.com "Status and error codes"): XML of blobs and queues, JSON of tables. */
import type { ErrorEffect, HttpReply } from "../httpServer.ts";

export class StorageFailure extends Error {
  override readonly name = "StorageFailure";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export type StorageService = "blob" | "queue" | "table";

export const failures = {
  noAuthentication: (tenantId: string) =>
    new StorageFailure(
      401,
      "NoAuthenticationInformation",
      "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
      challenge(tenantId),
    ),
  invalidToken: (tenantId: string, why: string) =>
    new StorageFailure(
      401,
      "InvalidAuthenticationInfo",
      `Server failed to authenticate the request. ${why}`,
      challenge(tenantId),
    ),
  notPermitted: () =>
    new StorageFailure(
      403,
      "AuthorizationPermissionMismatch",
      "This request is not authorized to perform this operation using this permission.",
    ),
  noContainer: () => new StorageFailure(404, "ContainerNotFound", "The specified container does not exist."),
  noBlob: () => new StorageFailure(404, "BlobNotFound", "The specified blob does not exist."),
  invalidRange: () =>
    new StorageFailure(416, "InvalidRange", "The range specified is invalid for the current size of the resource."),
  noQueue: () => new StorageFailure(404, "QueueNotFound", "The specified queue does not exist."),
  invalidInput: () => new StorageFailure(400, "InvalidInput", "One of the request inputs is not valid."),
  noTable: () => new StorageFailure(404, "TableNotFound", "The table specified does not exist."),
  noEntity: () => new StorageFailure(404, "ResourceNotFound", "The specified resource does not exist."),
  noAccount: () => new StorageFailure(404, "ResourceNotFound", "The specified resource does not exist."),
  unsupported: (what: string) => new StorageFailure(501, "NotImplemented", `This simulator does not know ${what}.`),
};

function challenge(tenantId: string): Readonly<Record<string, string>> {
  const authority = `https://login.microsoftonline.com/${tenantId}/oauth2/authorize`;
  return { "www-authenticate": `Bearer authorization_uri=${authority} resource_id=https://storage.azure.com` };
}

export function errorReply(service: StorageService, { status, code, headers, message }: StorageFailure): HttpReply {
  const common = { "x-ms-error-code": code, ...headers };
  if (service === "table") {
    const body = { "odata.error": { code, message: { lang: "en-US", value: message } } };
    return { status, headers: { ...common, "content-type": "application/json" }, body };
  }
  return xml(status, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`, common);
}

export function xml(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  const body = `<?xml version="1.0" encoding="utf-8"?>${text}`;
  return { status, headers: { ...headers, "content-type": "application/xml" }, body };
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function scripted(
  service: StorageService,
  { code, status, message = "scripted fault" }: ErrorEffect,
): HttpReply {
  const number = status ?? (typeof code === "number" ? code : 500);
  return errorReply(service, new StorageFailure(number, String(code), message));
}
