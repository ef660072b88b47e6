/** What to do about an error, with links to pages that help. */
import type { ComponentChildren } from "preact";
import { type Fixable, fixOnPages } from "../../clients/fixes.ts";
import { base } from "../app/router.ts";

export function Fix({ of }: { readonly of: Fixable }): ComponentChildren {
  return fixOnPages(of).map(([piece, page], index) =>
    page === undefined ? (
      piece.split("`").map((part, place) => (place % 2 === 0 ? part : <code key={part}>{part}</code>))
    ) : (
      <a key={index} href={`${base}/${page}`}>
        {piece}
      </a>
    ),
  );
}
