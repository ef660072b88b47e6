/** An error answer in the form of Mooring's own (RFC 9457). */
import type { HttpReply } from "../../packages/azure-sim/src/httpServer.ts";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;
  readonly fix: string;

  constructor(status: number, { code, detail, fix }: { code: string; detail: string; fix: string }) {
    super(detail);
    this.status = status;
    this.code = code;
    this.fix = fix;
  }

  reply(): HttpReply {
    const { status, code, message: detail, fix } = this;
    return {
      status,
      headers: { "content-type": "application/problem+json" },
      body: { type: "about:blank", title: code, status, detail, code, fix },
    };
  }
}
