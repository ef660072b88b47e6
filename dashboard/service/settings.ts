/** Settings in the HTML document: sign-in methods and further links. src/functions/dashboard/settings.ts writes them. */
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

/** Whether callers have to sign in. */
export const tellsCallersApart = Object.keys(settings.signIn).length > 0;
