/** What the verification Job's container asks for, which a namespace's quota and limits have to leave. */
export const verificationPod = {
  resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
} as const;
