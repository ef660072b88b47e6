/** Data that a page shows: loaded, loading, unavailable or stale. */
import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { toError } from "../../src/domain/messageOf.ts";
import { contact, Refused } from "./client.ts";
import { freshStreams } from "./live.ts";
import { caller, gate } from "./session.ts";

export interface Resource<T> {
  readonly data: Signal<T | undefined>;
  readonly error: Signal<Error | undefined>;
  readonly isLoading: Signal<boolean>;
  /** When `data` was loaded. */
  readonly loadedAt: Signal<number>;
  reload(): void;
  /** Applies news to the data, and to an answer that is on its way, since that may have been read before the news. */
  amend(change: (data: T) => T): void;
}

/** Loads when the key changes, after sign-in, and when the service is back. */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const state = useMemo(() => createResource(load), [key]);
  const isThere = contact.value.isThere;
  const isOpen = gate.value === "open";
  const who = caller.value?.id;
  useEffect(() => {
    if (isOpen && (isThere || state.data.peek() === undefined)) state.reload();
    return () => state.stop();
  }, [state, isThere, isOpen, who]);
  return state;
}

/** For data that events keep current: reloads when a newer stream starts, since events in between are lost. */
export function useLiveResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const resource = useResource(key, load);
  useEffect(() => {
    const before = freshStreams.peek();
    return freshStreams.subscribe((count) => {
      if (count !== before) resource.reload();
    });
  }, [resource]);
  return resource;
}

function createResource<T>(load: (signal: AbortSignal) => Promise<T>): Resource<T> & { stop(): void } {
  const data = signal<T | undefined>(undefined);
  const error = signal<Error | undefined>(undefined);
  const isLoading = signal(true);
  const loadedAt = signal(0);
  let running: AbortController | undefined;
  let news: ((data: T) => T)[] = [];
  return {
    data,
    error,
    isLoading,
    loadedAt,
    stop: () => running?.abort(),
    amend(change) {
      if (isLoading.peek()) news.push(change);
      const current = data.peek();
      if (current !== undefined) data.value = change(current);
    },
    reload() {
      running?.abort();
      const own = new AbortController();
      running = own;
      news = [];
      isLoading.value = true;
      load(own.signal).then(
        (value) => {
          if (own.signal.aborted) return;
          data.value = news.reduce((newer, change) => change(newer), value);
          error.value = undefined;
          loadedAt.value = Date.now();
          isLoading.value = false;
        },
        (reason: unknown) => {
          if (own.signal.aborted) return;
          // Data that is gone or no longer visible to the caller must not be shown as stale.
          if (reason instanceof Refused && (reason.status === 404 || reason.status === 403)) data.value = undefined;
          error.value = toError(reason);
          isLoading.value = false;
        },
      );
    },
  };
}
