/** A request to an API server and its answer, as text and JSON. */
export interface ClusterRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly contentType?: string;
  /** `application/json` by default. */
  readonly accept?: string;
  readonly body?: unknown;
}

export interface ClusterReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
