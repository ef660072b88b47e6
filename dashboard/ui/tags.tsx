/** Words side by side, as labels. */
export function Tags({ of: all }: { readonly of: readonly string[] }) {
  return all.map((each) => (
    <span class="tag" key={each}>
      {each}
    </span>
  ));
}
