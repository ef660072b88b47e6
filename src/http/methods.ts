/**
 * Registers the app's paths with the Functions host, with every method that a client may send. A host answers 404 to a method
 * that no function has registered, as if the path did not exist (azure-functions-host issue 9876). So one function of each
 * path also takes the methods that none of them has, and answers as HTTP requires (RFC 9110): 405 with Allow, and OPTIONS
 * with Allow.
 */

import {
  app,
  type FunctionInput,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { defined } from "../domain/defined.ts";
import { Refusal } from "../domain/policy/refusal.ts";
import type { Answer } from "./respond.ts";

export type Registered = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;

export interface RouteOfApp {
  /** The function's name. */
  readonly name: string;
  readonly route: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly extraInputs?: FunctionInput[];
  readonly handler: Registered;
}

/** Without TRACE and CONNECT, which the SDK's request does not support. */
const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export function registerPaths(
  routes: readonly RouteOfApp[],
  /** Makes a handler from the answer to any other method. */
  answering: (handler: (request: HttpRequest) => Promise<Answer>) => Registered,
): void {
  for (const [path, functions] of Map.groupBy(routes, ({ route }) => route)) {
    const own = functions.flatMap(({ method }) => methodsOf(method));
    const allow = [...own, "OPTIONS"].join(", ");
    const answerOther = answering(async ({ method, url }) => {
      if (method === "OPTIONS") return { status: 204, headers: { allow } };
      const message = `${new URL(url).pathname} has no ${method}; it has ${allow}.`;
      throw new Refusal("METHOD_NOT_ALLOWED", message, { allow });
    });
    functions.forEach(({ name, method, handler, extraInputs }, index) => {
      const accepted = methodsOf(method);
      app.http(name, {
        route: path,
        methods: everyMethod.filter((each) => accepted.includes(each) || (index === 0 && !own.includes(each))),
        authLevel: "anonymous",
        ...defined({ extraInputs }),
        handler: async (request, context) => {
          restoreParameters(request, path);
          if (!accepted.includes(request.method)) return await answerOther(request, context);
          const answer = await handler(request, context);
          return request.method === "HEAD" ? await withoutBody(answer) : answer;
        },
      });
    });
  }
}

/**
 * In the host's binding data, whose names have no case, a query parameter comes first: `?Namespace=x` hides the route's
 * `namespace` under its own name, with the route's value (HttpTriggerAttributeBindingProvider.cs; seen on host 4.1037).
 */
function restoreParameters({ params }: HttpRequest, route: string): void {
  for (const [, name = ""] of route.matchAll(/\{\*?(\w+)\}/g)) {
    const hidden = Object.keys(params).find((other) => other.toLowerCase() === name.toLowerCase());
    if (hidden !== undefined) params[name] = params[hidden] ?? "";
  }
}

function methodsOf(method: RouteOfApp["method"]): readonly string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
}

async function withoutBody({ body, ...answer }: HttpResponseInit): Promise<HttpResponseInit> {
  if (body instanceof ReadableStream) await body.cancel();
  return answer;
}
