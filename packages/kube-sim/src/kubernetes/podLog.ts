/** The log of a pod's first container: as far as it goes, or followed until the container ends. */
import { listAt, stringAt } from "azure-sim/json";
import type { Answer } from "./answer.ts";
import { badRequest, invalid } from "./failures.ts";
import type { KubeObject } from "./object.ts";
import { requireNumber } from "./options.ts";
import { forbidden, invalidValue } from "./validation/causes.ts";

const pollMs = 100;

interface Environment {
  readonly podLog: (pod: { namespace: string; name: string }) => string | undefined;
  /** The pod as it is now. */
  readonly lookUp: () => KubeObject | undefined;
}

export function answerLog(pod: KubeObject, query: URLSearchParams, { podLog, lookUp }: Environment): Answer {
  const { namespace = "", name } = pod.metadata;
  requireOptions(pod, query);
  const read = () => podLog({ namespace, name });
  const text = read();
  if (text === undefined) {
    const container = stringAt(listAt(pod["spec"] ?? null, "containers")[0] ?? null, "name") ?? "";
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ContainerCreating`);
  }
  const begin = lastLines(text, Number(query.get("tailLines") ?? Number.NaN));
  if (!["1", "true"].includes(query.get("follow") ?? "")) return { code: 200, body: begin };
  return {
    stream(response) {
      response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
      response.write(begin);
      let seen = text.length;
      const timer = setInterval(() => {
        // Before the log, so that nothing is missed between its last words and the end.
        const isOver = hasEnded(lookUp());
        const now = read() ?? "";
        if (now.length > seen) response.write(now.slice(seen));
        seen = now.length;
        if (isOver) response.end();
      }, pollMs);
      response.on("close", () => clearInterval(timer));
    },
  };
}

function requireOptions(pod: KubeObject, query: URLSearchParams): void {
  const { name } = pod.metadata;
  const causes = ["sinceSeconds", "tailLines", "limitBytes"].flatMap((field) => {
    const text = query.get(field) ?? "";
    requireNumber(text);
    const least = field === "tailLines" ? 0 : 1;
    const isRight = text === "" || Number(text) >= least;
    return isRight ? [] : [invalidValue(field, Number(text), `must be greater than or equal to ${least}`)];
  });
  if (query.get("sinceSeconds") && query.get("sinceTime")) {
    causes.push(forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  if (causes.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, name, causes);
  const container = query.get("container") ?? "";
  const names = ["containers", "initContainers", "ephemeralContainers"].flatMap((field) =>
    listAt(pod["spec"] ?? null, field).map((each) => stringAt(each, "name")),
  );
  if (container !== "" && !names.includes(container)) {
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  }
}

function lastLines(text: string, count: number): string {
  if (!Number.isInteger(count) || count < 0) return text;
  const lines = text.split("\n");
  const isWhole = lines.at(-1) === "";
  return count === 0 ? "" : lines.slice(-(isWhole ? count + 1 : count)).join("\n");
}

function hasEnded(pod: KubeObject | undefined): boolean {
  return pod === undefined || ["Succeeded", "Failed"].includes(stringAt(pod, "status", "phase") ?? "");
}
