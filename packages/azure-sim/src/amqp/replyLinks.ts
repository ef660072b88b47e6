/**
 * The links on which a connection's requests to $cbs and `<entity>/$management` are answered. A request names the address of
 * one in reply-to; if it names none, as in Python's client, the answer takes a link of the same node and session.
 */
import type { Sender, Session } from "rhea";

export type ReplyLinks = ReturnType<typeof createReplyLinks>;

export interface Asked {
  readonly node: string;
  readonly session: Session;
  readonly replyTo: unknown;
}

export function createReplyLinks() {
  const links = new Map<Sender, { readonly node: string; readonly names: readonly string[] }>();
  return {
    /** Returns a function that removes the link. */
    add(sender: Sender, node: string): () => void {
      // Requests use either the link's name or its target's address.
      links.set(sender, {
        node: node.toLowerCase(),
        names: [sender.name, String(sender.target?.address ?? sender.name)],
      });
      return () => links.delete(sender);
    },
    find({ node, session, replyTo }: Asked): Sender | undefined {
      const open = [...links].toReversed();
      const isWanted =
        replyTo === undefined || replyTo === null
          ? (sender: Sender, of: string) => of === node.toLowerCase() && sender.session === session
          : (_: Sender, __: string, names: readonly string[]) => names.includes(String(replyTo));
      return open.find(([sender, { node: of, names }]) => isWanted(sender, of, names))?.[0];
    },
  };
}
