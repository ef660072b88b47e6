/** Escapes the control characters just past ASCII, which some terminals execute; the JSON means the same. */
export function toJson(document: unknown, indent?: number): string {
  return JSON.stringify(document, null, indent).replaceAll(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
