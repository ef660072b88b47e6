/**
 * $cbs: the node that accepts a client's tokens (AMQP claims-based security). A token is for one entity; links to others
 * are still refused.
 */
import rhea, { type EventContext } from "rhea";
import { messageOf } from "../../../../src/domain/messageOf.ts";
import type { ServicePrincipal } from "../world.ts";
import { entityPath, managedPath, type TokenCheck } from "./claims.ts";
import { decodeMessage } from "./content.ts";
import { BrokerError } from "./errors.ts";
import { meet, type Peer, perform, reply } from "./peer.ts";

export async function answerPutToken(peer: Peer, { message, receiver, delivery }: EventContext): Promise<void> {
  delivery?.accept();
  if (!receiver) return;
  const request = decodeMessage(message);
  const properties: Record<string, unknown> = request.application_properties ?? {};
  const audience = String(properties["name"]);
  const question = { request, node: "$cbs", session: receiver.session };
  const answer = (status: number, description: string) =>
    reply(peer, question, { "status-code": rhea.types.wrap_int(status), "status-description": description });
  const effect = await meet(peer, "putToken", entityPath(audience));
  const checked = await check(peer.checkToken, properties, request.body);
  perform(peer, effect, {
    act() {
      if (typeof checked === "string") throw new BrokerError("amqp:unauthorized-access", checked);
      const path = managedPath(audience);
      if (path !== "" && !peer.has(path))
        throw new BrokerError("amqp:not-found", `The messaging entity '${audience}' could not be found.`);
      peer.claims.add(audience, checked);
    },
    answer: () => answer(202, "Accepted"),
    refuse: ({ condition, description, status }) =>
      answer(status ?? (condition === "amqp:not-found" ? 404 : 401), description),
  });
}

/** Whose token it is, or why it is refused. */
async function check(
  checkToken: TokenCheck,
  properties: Record<string, unknown>,
  token: unknown,
): Promise<ServicePrincipal | string> {
  if (properties["operation"] !== "put-token") return `$cbs has no operation ${String(properties["operation"])}.`;
  if (properties["type"] !== "jwt" || typeof token !== "string") return "Only tokens of type jwt are accepted.";
  try {
    return await checkToken(token);
  } catch (error) {
    return messageOf(error);
  }
}
