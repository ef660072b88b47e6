/** What the dashboard knows before anyone has signed in: how to sign in, and where else to look. */

import type { Catalog } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";

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

/** The browser's application is the one that tokens are issued for, unless the operator has registered another. */
export function dashboardSettings(
  { auth }: Pick<Catalog, "auth">,
  {
    clientId,
    traceUrl,
    links,
  }: { clientId?: string | undefined; traceUrl?: string | undefined; links: readonly DashboardLink[] },
): DashboardSettings {
  const [audience] = auth?.entra?.audiences ?? [];
  const client = clientId ?? audience?.replace(/^api:\/\//, "");
  const entra =
    auth?.entra && !auth.easyAuth && audience !== undefined && client !== undefined
      ? { issuer: auth.entra.issuer, clientId: client, scope: `${audience}/.default` }
      : undefined;
  return {
    signIn: defined({
      ...defined({ entra }),
      easyAuth: auth?.easyAuth || undefined,
      key: Object.keys(auth?.keys ?? {}).length > 0 || undefined,
    }),
    ...defined({ traceUrl }),
    links,
  };
}
