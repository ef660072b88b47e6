/** The settings in the HTML document, from the catalog and the environment. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import type { DashboardLink, DashboardSettings } from "../../domain/documents/dashboardSettings.ts";

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
