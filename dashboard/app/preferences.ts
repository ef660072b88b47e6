/** What somebody likes, and nothing else, is kept in this browser. */
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const entry = "mooring.preferences";

interface Preferences {
  readonly theme: Theme;
  /** Times as they are on the clock, and not how long ago. */
  readonly exactTimes: boolean;
}

function read(): Preferences {
  try {
    const kept: Partial<Preferences> = JSON.parse(localStorage.getItem(entry) ?? "{}");
    return { theme: kept.theme ?? "system", exactTimes: kept.exactTimes === true };
  } catch {
    // Somebody else's text, or a browser that keeps nothing.
    return { theme: "system", exactTimes: false };
  }
}

const kept = read();
export const theme = signal<Theme>(kept.theme);
export const exactTimes = signal(kept.exactTimes);

// Whoever likes it dark likes it so in all tabs.
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
    // For as long as the page is open.
  }
});
