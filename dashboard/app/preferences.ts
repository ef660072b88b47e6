/** Preferences are the only thing kept in this browser. */
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const entry = "mooring.preferences";

interface Preferences {
  readonly theme: Theme;
  /** Show clock times instead of relative ones. */
  readonly exactTimes: boolean;
}

function read(): Preferences {
  try {
    const kept: Partial<Preferences> = JSON.parse(localStorage.getItem(entry) ?? "{}");
    return { theme: kept.theme ?? "system", exactTimes: kept.exactTimes === true };
  } catch {
    // The entry is not ours, or the browser blocks storage.
    return { theme: "system", exactTimes: false };
  }
}

const kept = read();
export const theme = signal<Theme>(kept.theme);
export const exactTimes = signal(kept.exactTimes);

// Preferences apply to all tabs.
addEventListener("storage", ({ key }) => {
  if (key !== entry) return;
  const others = read();
  theme.value = others.theme;
  exactTimes.value = others.exactTimes;
});

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  const preferences: Preferences = { theme: theme.value, exactTimes: exactTimes.value };
  try {
    localStorage.setItem(entry, JSON.stringify(preferences));
  } catch {
    // Without storage, preferences last as long as the page.
  }
});
