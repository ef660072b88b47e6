/** What to do about an error, with links to pages that help. */
import type { ComponentChildren } from "preact";
import { base } from "../app/router.ts";
import { sayFix } from "./fixWords.ts";

export function Fix({ text }: { readonly text: string }): ComponentChildren {
  return sayFix(text).map(([piece, page], index) =>
    page === undefined ? (
      piece
    ) : (
      <a key={index} href={`${base}/${page}`}>
        {piece}
      </a>
    ),
  );
}
