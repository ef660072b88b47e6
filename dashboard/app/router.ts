/** The address holds the page and its filters, so that people can share it. */
import { computed, signal } from "@preact/signals";
import { enterEntry, writeAddress } from "./historyEntries.ts";

export const base = "/dashboard";

const address = signal(new URL(location.href));

export const path = computed(() => address.value.pathname.replace(/\/+$/, "").slice(base.length) || "/operations");
/** Where the page belongs in the navigation. A batch has the address of an operation; only its page knows what it is. */
export const ownSection = signal<string | undefined>(undefined);
export const section = computed(() => ownSection.value ?? path.value.split("/")[1]);
export const query = computed(() => address.value.searchParams);

export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const url = new URL(to, location.href);
  if (url.href === location.href) return;
  writeAddress(url, { replace });
  address.value = url;
}

/** Call after something else has changed the address. */
export function readAddress(): void {
  address.value = new URL(location.href);
}

export function param(name: string): string {
  return query.value.get(name) ?? "";
}

/** An empty value removes the parameter. Typing replaces the history entry; choosing adds one. */
export function setParams(changes: Readonly<Record<string, string>>, options: { replace?: boolean } = {}): void {
  const url = new URL(address.peek());
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  navigate(url.href, options);
}

export const to = {
  operation: (id: string) => `${base}/operations/${encodeURIComponent(id)}`,
  step: (id: string, step: string) => `${base}/operations/${encodeURIComponent(id)}?${new URLSearchParams({ step })}`,
  namespace: (cluster: string, namespace: string) =>
    `${base}/namespaces/${encodeURIComponent(cluster)}/${encodeURIComponent(namespace)}`,
  operations: (filters: Readonly<Record<string, string>> = {}) => `${base}/operations${print(filters)}`,
  namespaces: (filters: Readonly<Record<string, string>> = {}) => `${base}/namespaces${print(filters)}`,
  audit: (filters: Readonly<Record<string, string>> = {}) => `${base}/audit${print(filters)}`,
  access: (filters: Readonly<Record<string, string>> = {}) => `${base}/access${print(filters)}`,
  newRequest: (fields: Readonly<Record<string, string>> = {}) => `${base}/new${print(fields)}`,
};

function print(parameters: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(parameters).toString();
  return text === "" ? "" : `?${text}`;
}

/** Handles links to the dashboard without a reload, unless the user opens them in a new tab or window. */
export function interceptLinks(): void {
  document.addEventListener("click", (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link?.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.pathname !== base && !link.pathname.startsWith(`${base}/`)) return;
    // A link within the page, such as the one that skips to the content.
    if (link.hash !== "" && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.href);
  });
  addEventListener("popstate", () => {
    enterEntry();
    readAddress();
  });
}
