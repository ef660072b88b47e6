/** What the pod's process may connect to, as JSON: written by the kubelet, read by holdProcess.ts. */
export const egressVariable = "MOORING_SANDBOX_EGRESS";
