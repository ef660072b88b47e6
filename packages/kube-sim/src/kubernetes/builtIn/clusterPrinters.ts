/** The cells of kinds that a cluster's administrator and its controllers look after, scaling and endpoints among them. */
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { ageOf, count, firstOf, named, none, type Printer, unknown } from "./cells.ts";

const unset = "<unset>";

/** What an autoscaler looks at: of each metric its value now, and the one that it is to have. */
function metricsText(autoscaler: KubeObject): string {
  const current = listAt(autoscaler, "status", "currentMetrics");
  const texts = listAt(autoscaler, "spec", "metrics").map((metric, index) => metricText(metric, current[index]));
  if (texts.length === 0) return none;
  const more = texts.length - 2;
  return more > 0 ? `${texts.slice(0, 2).join(", ")} + ${more} more...` : texts.join(", ");
}

const metricFields: Readonly<Record<string, string>> = {
  ...{ External: "external", Pods: "pods", Object: "object", Resource: "resource" },
  ContainerResource: "containerResource",
};

function metricText(metric: Json, status: Json | undefined): string {
  const type = stringAt(metric, "type") ?? "";
  const field = metricFields[type];
  if (field === undefined) return "<unknown type>";
  const target = objectAt(metric, field, "target");
  const now = objectAt(status, field, "current");
  const text = (value: Json | undefined, missing: string) => (value === undefined ? missing : String(value));
  const average = `${text(now["averageValue"], unknown)}/${text(target["averageValue"], "<auto>")}`;
  if (type === "Pods") return average;
  if (type === "Resource" || type === "ContainerResource") {
    const name = stringAt(metric, field, "name") ?? "";
    if (target["averageValue"] !== undefined) return `${name}: ${average}`;
    const part = (of: JsonObject, missing: string) =>
      of["averageUtilization"] === undefined ? missing : `${String(of["averageUtilization"])}%`;
    return `${name}: ${part(now, unknown)}/${part(target, "<auto>")}`;
  }
  if (target["averageValue"] !== undefined) return `${average} (avg)`;
  return `${text(now["value"], unknown)}/${text(target["value"], "<nil>")}`;
}

function subsetsText(endpoints: KubeObject): string {
  return firstOf(
    listAt(endpoints, "subsets").flatMap((subset) => {
      const addresses = listAt(subset, "addresses").map((each) => stringAt(each, "ip") ?? "");
      const ports = listAt(subset, "ports").map((port) => numberAt(port, "port") ?? 0);
      if (ports.length === 0) return addresses;
      return ports.flatMap((port) =>
        addresses.map((address) => `${address.includes(":") ? `[${address}]` : address}:${port}`),
      );
    }),
  );
}

export const clusterPrinters: Readonly<Record<string, Printer>> = {
  HorizontalPodAutoscaler: named((object, now) => [
    `${stringAt(object, "spec", "scaleTargetRef", "kind") ?? ""}/${stringAt(object, "spec", "scaleTargetRef", "name") ?? ""}`,
    metricsText(object),
    String(numberAt(object, "spec", "minReplicas") ?? unset),
    count(object, "spec", "maxReplicas"),
    count(object, "status", "currentReplicas"),
    ageOf(object, now),
  ]),
  Endpoints: named((object, now) => [subsetsText(object), ageOf(object, now)]),
  EndpointSlice: named((object, now) => [
    stringAt(object, "addressType") ?? "",
    firstOf(listAt(object, "ports").map((port) => String(numberAt(port, "port") ?? stringAt(port, "name") ?? "*"))),
    firstOf(listAt(object, "endpoints").flatMap((each) => listAt(each, "addresses").map(String))),
    ageOf(object, now),
  ]),
};
