/** A request to a simulator of this process, whose certificate no machine trusts. */
import type { IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined if it is empty. */
  readonly body: unknown;
}

export interface Sent {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | undefined;
}

export async function askHttps(method: string, url: string, { token, headers = {}, body }: Sent = {}): Promise<Answer> {
  const sent = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers };
  return await new Promise((resolve, reject) => {
    httpsRequest(url, { method, headers: sent, rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => {
        const { statusCode = 0, headers: answered } = answer;
        resolve({ status: statusCode, headers: answered, body: text === "" ? undefined : JSON.parse(text) });
      });
    })
      .on("error", reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}
