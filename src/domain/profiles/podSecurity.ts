/** The labels of Pod Security Admission on a namespace (kubernetes.io "Pod Security Admission"). */
import { z } from "zod";

const Level = z.enum(["privileged", "baseline", "restricted"]);

const modes = ["enforce", "audit", "warn"] as const;

export const PodSecurity = z
  .strictObject({
    enforce: Level.optional().meta({ description: "Pods that violate it are refused." }),
    audit: Level.optional().meta({ description: "Pods that violate it are in the cluster's audit log." }),
    warn: Level.optional().meta({ description: "Anyone who makes a pod that violates it gets a warning." }),
    version: z
      .string()
      .regex(/^(latest|v1\.\d{1,3})$/, "must be latest, or a version such as v1.30")
      .optional()
      .meta({ description: "Which Kubernetes' definition of the levels counts; that of the cluster by default." }),
  })
  .refine((given) => modes.some((mode) => given[mode] !== undefined), `must have ${modes.join(", ")}`)
  .meta({ description: "Labels of Pod Security Admission; only on namespaces that Mooring made." });
type PodSecurity = z.infer<typeof PodSecurity>;

const prefix = "pod-security.kubernetes.io/";

export function isPodSecurityLabel(label: string): boolean {
  return label.startsWith(prefix);
}

export function podSecurityLabels(given: PodSecurity): Record<string, string> {
  const { version } = given;
  return Object.fromEntries(
    modes.flatMap((mode) => {
      const level = given[mode];
      if (level === undefined) return [];
      const versioned = version === undefined ? [] : [[`${prefix}${mode}-version`, version] as const];
      return [[`${prefix}${mode}`, level] as const, ...versioned];
    }),
  );
}
