/** What the document says of the service: how one may sign in, and where else to look. src/functions/dashboard/settings.ts writes it. */
export interface Settings {
  readonly signIn: {
    readonly entra?: { readonly issuer: string; readonly clientId: string; readonly scope: string };
    readonly easyAuth?: boolean;
    readonly key?: boolean;
  };
  readonly traceUrl?: string;
  readonly links: readonly { readonly name: string; readonly url: string }[];
}

function readSettings(): Settings {
  const content = document.querySelector<HTMLMetaElement>('meta[name="mooring-settings"]')?.content;
  return JSON.parse(content ?? "") as Settings;
}

export const settings = readSettings();

/** Whether the service asks who calls. */
export const tellsCallersApart = Object.keys(settings.signIn).length > 0;
