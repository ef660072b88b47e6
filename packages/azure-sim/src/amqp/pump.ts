/** A link on which a client receives: sends one message after the other as its credit allows, and answers drains. */
import { setImmediate } from "node:timers/promises";
import type { Sender } from "rhea";
import { describeCondition } from "./errors.ts";
import { type MetEffect, type Peer, refusalOf, run } from "./peer.ts";
import { answerDrain } from "./rhea.ts";

export interface Pump {
  /** There may be something to send, or credit for it. */
  wake(): void;
  canSend(): boolean;
  /** After any fault, this link delivers nothing more. */
  end(effect: NonNullable<MetEffect>): void;
  stop(): void;
}

/** `deliverNext` answers whether there was anything to deliver. */
export function createPump(peer: Peer, sender: Sender, deliverNext: () => Promise<boolean>): Pump {
  let isOpen = true;
  let isPumping = false;
  let isDraining = false;

  async function pump(): Promise<void> {
    isPumping = true;
    while (canSend() && (await deliverNext())) {
      // rhea uses up the credit when it writes the frame, on the next tick. A message without credit blocks its session.
      await setImmediate();
    }
    isPumping = false;
    if (isOpen && isDraining) {
      isDraining = false;
      answerDrain(sender);
    }
  }

  function wake(): void {
    if (!isPumping) run(peer, pump);
  }

  function canSend(): boolean {
    return isOpen && peer.isConnected() && sender.sendable();
  }

  sender.on("sender_flow", wake);
  // The session has a free slot again.
  sender.on("sendable", wake);
  sender.on("sender_draining", () => {
    isDraining = true;
    wake();
  });

  return {
    wake,
    canSend,
    end(effect) {
      isOpen = false;
      if (effect.kind === "error") {
        const { condition, description } = refusalOf(effect);
        sender.close(describeCondition(condition, description));
      } else if (effect.kind === "garbage") peer.sendGarbage();
      else if (effect.kind !== "hang") peer.cut();
    },
    stop() {
      isOpen = false;
    },
  };
}
