/** The sign-in page, with the methods that the service offers. */
import { useSignal } from "@preact/signals";
import { easyAuthAddress, signInWithEntra, signInWithProof } from "../service/begin.ts";
import { hasSandbox } from "../service/sandbox.ts";
import { gateNotice } from "../service/session.ts";
import { settings } from "../service/settings.ts";
import { useTask } from "../service/task.ts";

export function Gate() {
  const { entra, easyAuth, key } = settings.signIn;
  return (
    <main class="gate" id="main">
      <h1>
        <span aria-hidden="true">⚓︎</span> Mooring
      </h1>
      <p>Sign in to see your teams' namespaces.</p>
      {gateNotice.value !== undefined && (
        <p class="notice bad" role="alert">
          {gateNotice}
        </p>
      )}
      {entra && (
        <button type="button" class="primary" onClick={() => void signInWithEntra({ mayChoose: true })}>
          Sign in with Microsoft Entra
        </button>
      )}
      {easyAuth && (
        <a class="button primary" href={easyAuthAddress()}>
          Sign in
        </a>
      )}
      {(key || entra) && <ProofForm takesKeys={key === true} />}
      {hasSandbox.value && (
        <p class="muted">
          In the sandbox, <code>mooring sandbox token requester</code> prints a token.
        </p>
      )}
    </main>
  );
}

function ProofForm({ takesKeys }: { readonly takesKeys: boolean }) {
  const key = useSignal("");
  const { isRunning, error, run } = useTask(() => signInWithProof(key.value));
  const send = async (event: Event) => {
    event.preventDefault();
    await run();
  };
  return (
    <form onSubmit={send}>
      <label class="field">
        <span>
          {takesKeys
            ? "Catalog key (kept until you close this tab) or access token"
            : "Access token (forgotten when you close or reload the page)"}
        </span>
        <input
          type="password"
          autoComplete="off"
          required
          value={key.value}
          onInput={(event) => {
            key.value = event.currentTarget.value;
          }}
        />
      </label>
      {error && (
        <p class="notice bad" role="alert">
          {error.message}
        </p>
      )}
      <button type="submit" disabled={isRunning}>
        {isRunning ? "Signing in …" : takesKeys ? "Sign in with key" : "Sign in with token"}
      </button>
    </form>
  );
}
