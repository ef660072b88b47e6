import { render } from "preact";
import { App } from "./app/app.tsx";
import { beginEntries } from "./app/historyEntries.ts";
import { listenToKeys } from "./app/keyboard.ts";
import { interceptLinks, readAddress } from "./app/router.ts";
import { begin } from "./service/begin.ts";
import { pause, Refused } from "./service/client.ts";
import { lookForSandbox } from "./service/sandbox.ts";
import { askToSignIn } from "./service/session.ts";

const place = document.getElementById("app");
if (!place) throw new Error("the document has no #app element");

beginEntries();
interceptLinks();
listenToKeys();
place.replaceChildren();
render(<App />, place);
void start();
void lookForSandbox();

/** Retries until the service is up. */
async function start(): Promise<void> {
  for (;;) {
    try {
      await begin();
      return readAddress();
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return askToSignIn(error.message);
      await pause(2_000);
    }
  }
}
