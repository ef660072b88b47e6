/** The people of a cloud, whom its Entra lets in to Mooring: at its page, or with a token at once. */
import type { EntraSimulator } from "azure-sim/entra";
import type { CatalogDocument } from "./catalogs.ts";
import { type FourEyes, inventPeople, type Person } from "./people.ts";

/** The Azure CLI's, with which people get their tokens (learn.microsoft.com, "Verify first-party Microsoft applications"). */
const cliClientId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

export interface SignIn {
  /** The people to whom its Entra issues tokens for Mooring; none without authentication. */
  readonly people: readonly Person[];
  /** A request with an approval that they can try together. */
  readonly fourEyes: FourEyes | undefined;
  tokenOf(person: Person): Promise<string>;
  /** Lets them sign in at its Entra and return to this page. */
  allowSignIn(redirectUri: string): void;
}

export function letPeopleIn(entra: EntraSimulator, document: CatalogDocument): SignIn {
  const [audience = ""] = document.auth?.entra?.audiences ?? [];
  const { people, fourEyes } = audience === "" ? { people: [], fourEyes: undefined } : inventPeople(document);
  entra.browser.people.push(...people);
  return {
    people,
    fourEyes,
    tokenOf: ({ name, oid, roles, groups }) =>
      entra.apiToken({ audience, oid, clientId: cliClientId, scope: "access", roles, groups, changes: { name } }),
    allowSignIn(redirectUri) {
      const clientId = audience.replace(/^api:\/\//, "");
      if (clientId !== "") entra.browser.clients.set(clientId, { clientId, redirectUris: [redirectUri] });
    },
  };
}
