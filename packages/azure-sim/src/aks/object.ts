/** Objects of a cluster, and the calls of its API, as far as AKS needs them. */
import type { JsonObject } from "../json.ts";

export interface Item extends JsonObject {
  readonly metadata: JsonObject & {
    readonly name: string;
    readonly uid: string;
    readonly namespace?: string;
    readonly labels?: { [key: string]: string };
    readonly annotations?: { [key: string]: string };
  };
}

export interface ClusterApi {
  post(path: string, body: unknown): Promise<unknown>;
  remove(path: string, body: unknown): Promise<unknown>;
}
