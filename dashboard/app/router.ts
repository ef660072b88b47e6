/** The address says which page is shown and what is filtered, so that it can be sent to somebody. */
import { computed, signal } from "@preact/signals";

export const base = "/dashboard";

const address = signal(new URL(location.href));

export const path = computed(() => address.value.pathname.replace(/\/+$/, "").slice(base.length) || "/operations");
export const query = computed(() => address.value.searchParams);

export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const url = new URL(to, location.href);
  if (url.href === location.href) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  address.value = url;
}

/** After the address was changed by other means. */
export function readAddress(): void {
  address.value = new URL(location.href);
}

export function param(name: string): string {
  return query.value.get(name) ?? "";
}

/** Empty text takes a parameter away. What is typed replaces the entry in the history, what is chosen makes one. */
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
  newRequest: (fields: Readonly<Record<string, string>> = {}) => `${base}/new${print(fields)}`,
};

function print(parameters: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(parameters).toString();
  return text === "" ? "" : `?${text}`;
}

/** Links stay within the page unless somebody wants them elsewhere. */
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
    // Within the page, such as to its main part.
    if (link.hash !== "" && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.href);
  });
  addEventListener("popstate", readAddress);
}
