/** Startup and sign-in. */
import { addressOf } from "./address.ts";
import { get, Refused } from "./client.ts";
import { comeBack, describeSignInError, leaveToSignIn } from "./entra.ts";
import { askToSignIn, caller, gate, gateNotice, takeKeptKey, takeKey, takeTokens } from "./session.ts";
import { settings } from "./settings.ts";

const { entra, easyAuth } = settings.signIn;
/** Set when someone signed in with Entra in this tab, to sign in again after a reload. */
const entraEntry = "mooring.entra";

export async function begin(): Promise<void> {
  if (entra) {
    try {
      const returnTo = await comeBack(entra);
      if (returnTo !== undefined) {
        sessionStorage.setItem(entraEntry, "true");
        history.replaceState(null, "", returnTo);
        return await enter();
      }
    } catch (error) {
      sessionStorage.removeItem(entraEntry);
      history.replaceState(null, "", "/dashboard");
      return askToSignIn(describeSignInError(error));
    }
    if (sessionStorage.getItem(entraEntry) !== null) return await signInWithEntra({ mayChoose: false });
  }
  takeKeptKey();
  await enter();
}

/** Asks the service who the caller is. */
async function enter(refusedBefore?: string): Promise<void> {
  try {
    caller.value = await get(addressOf({ route: "GET /api/caller" }));
    gateNotice.value = undefined;
    gate.value = "open";
  } catch (error) {
    if (error instanceof Refused && error.status === 403) return enterWithoutRole(error);
    if (error instanceof Refused && error.status === 401) return askToSignIn(refusedBefore);
    if (easyAuth && !(error instanceof Refused)) return askToSignIn(refusedBefore);
    throw error;
  }
}

/** The caller is known but has no role. Each page shows the service's refusal. */
function enterWithoutRole({ problem }: Refused): void {
  caller.value = { id: "", name: problem.detail, roles: [], teams: [] };
  gate.value = "open";
}

export async function signInWithEntra(options: { readonly mayChoose: boolean }): Promise<void> {
  if (!entra) return;
  try {
    await leaveToSignIn(entra, options);
  } catch (error) {
    askToSignIn(
      `This browser does not reach ${new URL(entra.issuer).host}, where Entra signs people in: ${describeSignInError(error)}`,
    );
  }
}

/** Takes a key from the catalog or an access token. A token is recognised by its form and never stored. */
export async function signInWithProof(text: string): Promise<void> {
  const proof = text.trim();
  const isToken = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(proof);
  if (isToken) takeTokens(async () => proof);
  else takeKey(proof);
  await enter(isToken ? "The service does not accept this token." : "This key is not in the catalog.");
}

export function signOut(): void {
  sessionStorage.removeItem(entraEntry);
  caller.value = undefined;
  askToSignIn("You have signed out of Mooring.");
}

/** Makes App Service authentication return to the current page. */
export function easyAuthAddress(): string {
  const wanted = encodeURIComponent(location.pathname + location.search);
  return `/.auth/login/aad?post_login_redirect_uri=${wanted}`;
}
