/** The parts of the sandbox's answers below /sandbox that are read here; sandbox/README.md describes them in full. */

export interface EnvironmentDocument {
  readonly variables: Readonly<Record<string, string>>;
}

export interface FaultDocument {
  readonly id: string;
  readonly wire: string;
  readonly operation?: string;
  readonly target?: string;
  readonly skip: number;
  readonly times: number | "always";
  readonly effect: EffectDocument;
  readonly hits: number;
}

export type EffectDocument =
  | {
      readonly kind: "error";
      readonly code: string | number;
      readonly status?: number;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "cutBefore" | "cutAfter" | "garbage" | "hang" };

export interface FaultsDocument {
  readonly latencyMs: number;
  readonly value: readonly FaultDocument[];
}

export interface JournalDocument {
  readonly isCut: boolean;
  readonly value: readonly {
    readonly number: number;
    readonly at: string;
    readonly wire: string;
    readonly operation: string;
    readonly target: string;
    /** Id of the fault that hit it. */
    readonly fault?: string;
  }[];
}

export interface CloudDocument {
  readonly azure: {
    readonly identities: readonly {
      readonly name: string;
      readonly resourceGroup: string;
      readonly clientId: string;
      readonly federatedCredentials: readonly { readonly name: string; readonly subject: string }[];
    }[];
    readonly roleAssignments: readonly {
      readonly name: string;
      readonly role: string;
      readonly principal?: string;
      readonly principalId: string;
      readonly scope: string;
    }[];
  };
  readonly entra: {
    readonly servicePrincipals: readonly { readonly displayName: string; readonly clientId: string }[];
  };
  readonly sqlServers: readonly {
    readonly name: string;
    readonly databases: readonly {
      readonly name: string;
      readonly users: readonly {
        readonly name: string;
        readonly roles: readonly string[];
        readonly permissions: readonly string[];
      }[];
    }[];
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly objects: readonly {
      readonly kind: string;
      readonly metadata: { readonly name: string; readonly namespace?: string };
      readonly status?: { readonly phase?: string };
    }[];
  }[];
  readonly serviceBus: {
    readonly queues: readonly (EntityDocument & { readonly name: string })[];
    readonly subscriptions: readonly (EntityDocument & { readonly topic: string; readonly name: string })[];
  };
}

interface EntityDocument {
  readonly messages: readonly object[];
  readonly deadLetters: readonly object[];
}
