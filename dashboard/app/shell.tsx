/** The frame of every page: navigation, live status, account. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { awaitingCount } from "../service/awaiting.ts";
import { signOut } from "../service/begin.ts";
import { contact } from "../service/client.ts";
import { lastHeard, streamState } from "../service/live.ts";
import { hasSandbox } from "../service/sandbox.ts";
import { caller, isIn } from "../service/session.ts";
import { settings, tellsCallersApart } from "../service/settings.ts";
import { Announcer } from "../ui/announcer.tsx";
import { ChangeDialog } from "../ui/change.tsx";
import { Time } from "../ui/time.tsx";
import { isHelpOpen, keys } from "./keyboard.ts";
import { exactTimes, type Theme, theme } from "./preferences.ts";
import { base, path, section } from "./router.ts";

/** The role without which a page would be a refusal. */
const pages = [
  ["operations", "Operations"],
  ["approvals", "Approvals", "Onboarding.Approve"],
  ["namespaces", "Namespaces"],
  ["new", "New request", "Onboarding.Request"],
  ["batches", "Batches"],
  ["access", "Access"],
  ["audit", "Audit"],
  ["catalog", "Catalog"],
] as const;

export function Shell({ children }: { readonly children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href={base}>
          <span aria-hidden="true">⚓︎</span> Mooring
        </a>
        <Navigation />
        <div class="tools">
          <Liveness />
          <Account />
        </div>
      </header>
      <Contact />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <ChangeDialog />
      <Help />
      <Announcer />
    </>
  );
}

function Navigation() {
  const isOpen = useSignal(false);
  useEffect(() => {
    isOpen.value = false;
  }, [path.value]);
  return (
    <nav aria-label="Pages">
      <button
        type="button"
        class="menu"
        aria-expanded={isOpen.value}
        aria-controls="pages"
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <span aria-hidden="true">☰</span> Menu
        {awaitingCount.value !== undefined && awaitingCount.value !== "0" && (
          <span class="badge">
            {awaitingCount}
            <span class="badge-text"> waiting</span>
          </span>
        )}
      </button>
      <ul id="pages" class={isOpen.value ? "open" : ""}>
        {pages
          .filter(([, , role]) => role === undefined || isIn(role))
          .map(([name, title]) => (
            <li key={name}>
              <a href={`${base}/${name}`} aria-current={section.value === name ? "page" : undefined}>
                {title}
                {name === "approvals" && awaitingCount.value !== undefined && awaitingCount.value !== "0" && (
                  <span class="badge">
                    {awaitingCount}
                    <span class="visually-hidden"> waiting for you</span>
                  </span>
                )}
              </a>
            </li>
          ))}
        {hasSandbox.value && (
          <li>
            <a href="/sandbox" target="_blank" rel="noopener">
              Cloud <span aria-hidden="true">↗</span>
              <span class="visually-hidden"> (opens in a new tab)</span>
            </a>
          </li>
        )}
        {settings.links.map(({ name, url }) => (
          <li key={url}>
            <a href={url} target="_blank" rel="noreferrer">
              {name} <span aria-hidden="true">↗</span>
              <span class="visually-hidden"> (opens in a new tab)</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const streamWords = {
  connecting: ["busy", "Connecting …"],
  live: ["good", "Live"],
  paused: ["quiet", "Paused"],
  away: ["bad", "Not live"],
  ended: ["quiet", "Complete"],
  full: ["waiting", "Not live: too many open streams"],
  refused: ["quiet", "Not live"],
} as const;

function Liveness() {
  const [tone, text] = streamWords[streamState.value];
  return (
    <span class={`live ${tone}`} data-stream={streamState.value}>
      <span aria-hidden="true" class="dot" />
      <span class="live-text">{text}</span>
      {streamState.value === "away" && (
        <>
          {" "}
          since <Time at={lastHeard.value} />
        </>
      )}
    </span>
  );
}

/** A banner on every page when its data may be out of date. */
function Contact() {
  const { isThere, since } = contact.value;
  const isOnline = useSignal(navigator.onLine);
  useEffect(() => {
    const look = () => {
      isOnline.value = navigator.onLine;
    };
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, [isOnline]);
  if (isThere) return null;
  return (
    <div class="contact" role="status">
      {isOnline.value ? "The service is not responding" : "You are offline"}. Showing data from <Time at={since} />.
      Retrying automatically.
    </div>
  );
}

function Account() {
  const who = caller.value;
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const closeElsewhere = (event: Event) => {
      if (!(event.target instanceof Element) || details.current?.contains(event.target)) return;
      // A dialog returns the focus to the button in this menu that opened it.
      if (!event.target.closest("dialog")) details.current?.removeAttribute("open");
    };
    document.addEventListener("click", closeElsewhere);
    return () => document.removeEventListener("click", closeElsewhere);
  }, []);
  return (
    <details class="account" ref={details}>
      <summary>{tellsCallersApart ? (who?.name ?? "Account") : "Preferences"}</summary>
      <div class="account-menu">
        {tellsCallersApart && who && (
          <div>
            <p>
              <strong>{who.name}</strong>
            </p>
            <p class="muted">{who.roles.join(", ") || "no roles"}</p>
            <p class="muted">
              {who.teams.length > 0 ? `teams: ${who.teams.map(({ name }) => name).join(", ")}` : "no teams"}
            </p>
          </div>
        )}
        <label class="field">
          <span>Colours</span>
          <select
            value={theme.value}
            onChange={(event) => {
              theme.value = event.currentTarget.value as Theme;
            }}
          >
            <option value="system">system</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={exactTimes.value}
            onChange={(event) => {
              exactTimes.value = event.currentTarget.checked;
            }}
          />
          Exact times
        </label>
        <button
          type="button"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          Shortcuts (?)
        </button>
        {tellsCallersApart && !settings.signIn.easyAuth && (
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        )}
        {settings.signIn.easyAuth && (
          <a href="/.auth/logout?post_logout_redirect_uri=%2Fdashboard" target="_self">
            Sign out
          </a>
        )}
      </div>
    </details>
  );
}

function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isHelpOpen.value) dialog.current?.showModal();
  }, [isHelpOpen.value]);
  if (!isHelpOpen.value) return null;
  return (
    <dialog
      ref={dialog}
      onClose={() => {
        isHelpOpen.value = false;
      }}
      aria-labelledby="keys-title"
    >
      <h2 id="keys-title" class="dialog-head">
        Keyboard shortcuts
      </h2>
      <dl class="facts dialog-body">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-foot">
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
