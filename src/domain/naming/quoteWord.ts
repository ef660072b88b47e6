/** Quotes one word for a POSIX shell: inside single quotes, only the single quote itself is special. */
export function quoteWord(word: string): string {
  if (/^[\w./:,@%+=-]+$/.test(word)) return word;
  if (word.includes("\0")) throw new RangeError("a shell word cannot hold the character NUL");
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
