/** Azure Resource Manager over HTTPS: a few resource types, with Azure's rules. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Exchange, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { Rights } from "./authorization.ts";
import { ArmFailure, armReply, scripted } from "./failures.ts";
import { createLimits } from "./limits.ts";
import { createLongRunning } from "./longRunning.ts";
import { answerCall } from "./resourceCall.ts";
import { isSame, parseResourcePath, type ResourcePath, resourceId } from "./resourcePath.ts";
import { resourceTypes } from "./resourceTypes.ts";
import { answerTenantLevel, findTenantLevel } from "./tenantLevel.ts";
import { createWriteGate } from "./writeGate.ts";

export { actionFor } from "./authorization.ts";
export { clusterIdOf } from "./managedClusters.ts";

export interface ArmOptions extends Rights {
  readonly port?: number;
  /** The token authority that the cloud's endpoints name; Azure's own by default. */
  readonly authorityHost?: string;
  /** GUIDs of the roles that a condition lets those who are not owners give to service principals; by default, any to anyone. */
  readonly assignableRoles?: ReadonlySet<string>;
  /** Answers 429 beyond the published limits. Off by default, so that tests of other things need not wait. */
  readonly enforceLimits?: boolean;
  /** How long writing a federated credential takes; until then, other writes under the same identity get 409. */
  readonly credentialWriteMs?: number;
  /** How long a long-running operation takes. */
  readonly operationMs?: number;
}

export interface ArmSimulator extends Simulator {
  /** How many calls were answered 429 for exceeding a limit. */
  readonly throttled: number;
}

export async function startArm(
  { world, faults, tls }: SimulatorContext,
  options: ArmOptions = {},
): Promise<ArmSimulator> {
  const { authorityHost = "https://login.microsoftonline.com/" } = options;
  const longRunning = createLongRunning(world, options);
  const limits = options.enforceLimits ? createLimits(world) : undefined;
  let throttled = 0;
  const gate = createWriteGate();
  const types = resourceTypes(world, options, longRunning);
  const server = await startHttpServer({ tls, port: options.port, faults, open });

  function open(request: HttpRequest): Exchange {
    const early = findTenantLevel({ world, authorityHost, types }, request);
    const path = early ? undefined : parseResourcePath(request.url.pathname);
    const type = types.find((candidate) => path && isSame(candidate.type, path.type));
    const isCredentialWrite = path && /\/federatedIdentityCredentials$/i.test(path.type) && request.method !== "GET";
    const write = isCredentialWrite ? gate.enter(resourceId(path, 1).toLowerCase()) : undefined;
    return {
      call: {
        wire: "arm",
        operation: `${request.method} ${early?.type ?? type?.type ?? path?.type ?? request.url.pathname}`,
        target: path ? targetOf(path) : "",
      },
      async run() {
        try {
          if (early) return await answerTenantLevel({ world, rights: options }, request, early);
          const reply = await answerCall({ world, rights: options, limits }, request, {
            path,
            type,
            collided: write?.collided ?? false,
          });
          if (write && options.credentialWriteMs) await sleep(options.credentialWriteMs);
          return reply;
        } catch (error) {
          if (!(error instanceof ArmFailure)) throw error;
          if (error.status === 429) throttled += 1;
          return armReply(error);
        } finally {
          write?.leave();
        }
      },
      fail: scripted,
      end: () => write?.leave(),
    };
  }

  return {
    ...server,
    get throttled() {
      return throttled;
    },
    async close() {
      longRunning.close();
      await server.close();
    },
  };
}

/** The names in the path; of what extends another resource, the end of that resource's ID, too. */
function targetOf({ scope, names }: ResourcePath): string {
  return [...(scope?.split("/").slice(-2) ?? []), ...names].join("/");
}
