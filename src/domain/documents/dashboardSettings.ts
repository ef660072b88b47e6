/** What the dashboard knows before anyone has signed in: how to sign in, and where else to look. */
export interface DashboardSettings {
  readonly signIn: {
    /** Authorization code with PKCE. */
    readonly entra?: { readonly issuer: string; readonly clientId: string; readonly scope: string };
    /** App Service authentication signs in the person at the browser. */
    readonly easyAuth?: true;
    /** A key of the catalog may be typed in. */
    readonly key?: true;
  };
  /** Where to show a trace; `{traceId}` stands for its ID. */
  readonly traceUrl?: string;
  readonly links: readonly DashboardLink[];
}

export interface DashboardLink {
  readonly name: string;
  readonly url: string;
}
