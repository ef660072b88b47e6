/** What storage accounts contain. */
export interface Blob {
  readonly text: string;
  readonly contentType: string;
  readonly modifiedTime: Date;
}

export interface QueueMessage {
  readonly id: string;
  readonly text: string;
  readonly insertedTime: Date;
}

export type Entity = Readonly<Record<string, unknown>>;

export interface Account {
  /** Of the resource. */
  readonly id: string;
  readonly containers: Map<string, Map<string, Blob>>;
  readonly queues: Map<string, QueueMessage[]>;
  readonly tables: Map<string, Entity[]>;
}
