/** The fragment that a team pastes into its Deployment, as YAML. */
import { stringify } from "yaml";
import { namesInside } from "../naming/names.ts";
import { podParts } from "../request/identityModes.ts";
import type { OnboardingRequest } from "../request/request.ts";

const aboutTargets = `# ${namesInside.configMap} has TARGETS, all targets as JSON, and variables for the first of each kind: docs/targets.md\n`;

export function manifestFragment(request: OnboardingRequest): string {
  const containers = [{ name: "app", envFrom: [{ configMapRef: { name: namesInside.configMap } }] }];
  const { metadata, spec } = podParts(request);
  const template = { metadata, spec: { ...spec, containers } };
  const fragment = stringify({ metadata: { namespace: request.namespace }, spec: { template } });
  return request.targets ? `${aboutTargets}${fragment}` : fragment;
}
