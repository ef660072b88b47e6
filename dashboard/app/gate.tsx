/** Who is not known is told how to become so, by the ways that the catalog has. */
import { useSignal } from "@preact/signals";
import { easyAuthAddress, signInWithEntra, signInWithProof } from "../service/begin.ts";
import { gateNotice } from "../service/session.ts";
import { settings } from "../service/settings.ts";

export function Gate() {
  const { entra, easyAuth, key } = settings.signIn;
  return (
    <main class="gate" id="main">
      <h1>
        <span aria-hidden="true">⚓︎</span> Mooring
      </h1>
      <p>Sign in to see what your teams have.</p>
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
    </main>
  );
}

function ProofForm({ takesKeys }: { readonly takesKeys: boolean }) {
  const key = useSignal("");
  const isSending = useSignal(false);
  const error = useSignal<string | undefined>(undefined);
  const send = async (event: Event) => {
    event.preventDefault();
    isSending.value = true;
    error.value = undefined;
    try {
      await signInWithProof(key.value);
    } catch (reason) {
      error.value = reason instanceof Error ? reason.message : String(reason);
    }
    isSending.value = false;
  };
  return (
    <form onSubmit={send}>
      <label class="field">
        <span>
          {takesKeys
            ? "A key of the catalog, kept until this tab is closed, or an access token"
            : "An access token, forgotten when the page is closed"}
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
      {error.value !== undefined && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <button type="submit" disabled={isSending.value}>
        {isSending.value ? "Asking …" : takesKeys ? "Use the key" : "Use the token"}
      </button>
    </form>
  );
}
