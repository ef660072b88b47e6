import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

/**
 * Renews a message's lock while its function runs, for `maxMs` at most. The SDK's own renewal would go on after the return of
 * a function that settles messages itself, and keep a message that it did not settle locked for minutes.
 */
export function keepLocked(
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
  { maxMs, onError }: { maxMs: number; onError: (error: unknown) => void },
): { stop(): void } {
  const until = Date.now() + maxMs;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const schedule = () => {
    const left = (message.lockedUntilUtc?.getTime() ?? 0) - Date.now();
    if (isStopped || left <= 0 || Date.now() >= until) return;
    timer = setTimeout(renew, Math.max(left / 2, 250));
  };
  const renew = () => {
    receiver.renewMessageLock(message).then(schedule, (error: unknown) => {
      if (isStopped) return;
      onError(error);
      // The lock itself outlives a lost connection.
      schedule();
    });
  };
  schedule();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
