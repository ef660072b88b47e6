/** The parts of the Kubernetes client that Mooring uses, so that a bundle has only these; and the HTTP client below them. */
export { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
export { request } from "undici";
