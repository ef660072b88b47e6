/** What a verification Job found of the targets besides databases, as its pod reported it (samples/verify-app/README.md). */
import { z } from "zod";
import { type Finding, finding } from "../../domain/finding.ts";
import { homeOf } from "../../domain/naming/names.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { keyOf } from "../../domain/targets/namedTarget.ts";
import type { Ports } from "../../ports/index.ts";
import { recallOf } from "../../resources/definitions/recordedMark.ts";
import type { provableTargets } from "../../resources/target/provable.ts";

const results = ["ok", "absent", "token", "refused", "unreachable"] as const;
const Line = z.tuple([z.string(), z.enum(results)]).rest(z.string());

export interface Report {
  /** By alias. */
  readonly tried: ReadonlyMap<string, { readonly result: (typeof results)[number]; readonly detail: string }>;
  /** What else the pod said. */
  readonly rest: string;
}

/** Kubernetes keeps the end of a long message, so its first line may be cut: a line that cannot be read says nothing. */
export function readReport(message: string): Report {
  const tried = new Map<string, { result: (typeof results)[number]; detail: string }>();
  const rest: string[] = [];
  for (const line of message.split("\n")) {
    const found = line.startsWith("[") ? readLine(line) : undefined;
    if (!found) rest.push(line);
    else tried.set(found[0], { result: found[1], detail: found.slice(2).join(" ") });
  }
  return { tried, rest: rest.join("\n") };
}

function readLine(line: string): z.infer<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export async function judgeTargets(
  ports: Ports,
  request: OnboardingRequest,
  provable: ReturnType<typeof provableTargets>,
  { tried }: Report,
): Promise<readonly Finding[]> {
  // The marks are those of the namespace whose own the identity is.
  const namespaceRef = homeOf(request);
  const judged = provable.map(async ({ wanted, at }): Promise<readonly Finding[]> => {
    const target = keyOf(wanted);
    const said = tried.get(target);
    const found = (code: Parameters<typeof finding>[0], detail: string) => [
      finding(code, target, { field: wanted.access.join(" and "), expected: "let in", found: detail }),
    ];
    if (!said) return found("LOGIN_TARGET_UNTRIED", "not tried");
    switch (said.result) {
      case "ok":
        return [];
      case "absent":
        return found("LOGIN_TARGET_ABSENT", said.detail);
      case "token":
        return found("LOGIN_WITHOUT_TOKEN", said.detail);
      case "unreachable":
        return found("LOGIN_TARGET_UNREACHABLE", said.detail);
      case "refused": {
        const about = {
          namespaceRef,
          target,
          ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }),
          access: wanted.access,
        };
        const effectiveFrom = await at.effectiveFrom(ports, about);
        const isEarly = effectiveFrom !== undefined && Date.now() < effectiveFrom;
        if (!isEarly) return found("LOGIN_TARGET_REFUSED", said.detail);
        return found(
          "LOGIN_NOT_YET_EFFECTIVE",
          `granted, in effect by ${new Date(effectiveFrom).toISOString()}: ${said.detail}`,
        );
      }
    }
  });
  return (await Promise.all(judged)).flat();
}
