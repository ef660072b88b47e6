/** The names of the service as words for people. */
import { stepInWords } from "../../src/domain/operation/stepName.ts";

/** `awaitingApproval` is "Awaiting approval". */
export function words(name: string): string {
  return capitalized(name.replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase());
}

/** The same of a step, which has words of its own, or of another entry of the audit trail. */
export function stepWords(name: string): string {
  const inWords = stepInWords(name);
  return inWords === name ? words(name) : capitalized(inWords);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
